/** The styles of documents, after those that all components share. */

import "../styles";
import "./document.css";
import "./bubble.css";
import "./prose.css";
import "./notes.css";
import "./note-writing.css";
import "./versions.css";
import "./documents.css";
import "./forced.css";
import "./print.css";
