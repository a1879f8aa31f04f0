/** What is open beside the text. Where there is room the notes are open from the start. */

import { useState } from "react";

export type Panel = "notes" | "versions";

/** As in the styles: below it what is beside the text lies over it. */
const ROOM = "(min-width: 75rem)";

/** Whether what is beside the text leaves it in view. */
export const hasRoom = (): boolean => window.matchMedia(ROOM).matches;

export const usePanel = () => useState<Panel | null>(() => (hasRoom() ? "notes" : null));
