/** Positions: for each channel, how far it was read and whether an event is next, old or beyond a hole (CLI1). */

import type { Position } from "../../contract";

/**
 * `idle`: not asked for in this session. `asked`: a subscribe or a resume is under way. `stale`: its position is worth
 * nothing, a snapshot is being loaded (SUB3). `refused`: refused for now, its timer runs.
 */
export type Phase = "idle" | "asked" | "live" | "stale" | "refused";

/** `ignored`: a duplicate, or one that the replay under way will bring. */
export type Verdict = "next" | "ignored" | "hole";

export class Channel {
  phase: Phase = "idle";
  /** False: the server joined it for us, such as `user:<id>`. */
  wanted = false;
  position: Position | null = null;
  /** Identifies the `subscribe` under way; the answer to an older one is ignored. */
  asking: object | null = null;
  /** The offset when it was last asked for. */
  askedFrom = 0;
  /** Refusals and holes in a row. */
  failures = 0;

  constructor(readonly name: string) {}

  move({ epoch, offset }: Position): void {
    this.position = { epoch, offset };
  }

  /** Whether it was read as far as a position of the same stream. */
  reaches({ epoch, offset }: Position): boolean {
    return this.position !== null && this.position.epoch === epoch && this.position.offset >= offset;
  }

  /** Say what a logged event is, and advance to it when it is the next one. */
  judge(epoch: string, offset: number): Verdict {
    if (this.phase === "stale") return "ignored";
    const { position } = this;
    if (!position || (epoch === position.epoch && offset === position.offset + 1)) {
      this.position = { epoch, offset };
      return "next";
    }
    if (epoch === position.epoch && offset <= position.offset) return "ignored";
    return this.phase === "live" ? "hole" : "ignored";
  }
}
