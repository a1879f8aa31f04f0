/** The one live region of the page: says news within moments, and figures once a minute. */

import { useEffect, useState } from "react";
import { Narrator, type Scene } from "./narrating";

/** How often we look whether something may be said. */
const TICK_MS = 2_000;

export function Narration(scene: Scene) {
  const [narrator] = useState(() => new Narrator());
  const [words, setWords] = useState("");
  const { isReady, isLive, metrics, jobs, milestones, alerts } = scene;
  useEffect(() => {
    narrator.see({ isReady, isLive, metrics, jobs, milestones, alerts }, Date.now());
  }, [narrator, isReady, isLive, metrics, jobs, milestones, alerts]);
  useEffect(() => {
    const timer = setInterval(() => {
      const next = narrator.say(Date.now());
      if (next !== null) setWords(next);
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [narrator]);
  return (
    <span className="cw-hidden" role="status">
      {words}
    </span>
  );
}
