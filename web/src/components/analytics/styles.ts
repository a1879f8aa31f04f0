/** The styles of analytics, after those that all components share. */

import "../styles";
import "./analytics.css";
import "./tiles.css";
import "./jobs.css";
import "./tables.css";
import "./chart.css";
import "./print.css";
