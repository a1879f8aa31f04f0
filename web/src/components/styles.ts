/** All styles of the components, the general before the particular. */

import "./tokens.css";
import "./parts.css";
import "./chat.css";
import "./rooms.css";
import "./messages.css";
import "./composer.css";
import "./people.css";
import "./status.css";
import "./notifications/inbox.css";
import "./notifications/bell.css";
import "./notifications/preferences.css";
