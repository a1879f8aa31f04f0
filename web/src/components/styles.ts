/** All styles of the components, the general before the particular. */

import "./tokens.css";
import "./parts.css";
import "./toggle.css";
import "./written.css";
import "./chat/chat.css";
import "./chat/rooms.css";
import "./chat/messages.css";
import "./chat/composer.css";
import "./chat/people.css";
import "./chat/actions.css";
import "./chat/panels.css";
import "./status.css";
import "./notifications/inbox.css";
import "./notifications/filters.css";
import "./notifications/news.css";
import "./notifications/bell.css";
import "./notifications/preferences.css";
import "./forced.css";
import "./print.css";
