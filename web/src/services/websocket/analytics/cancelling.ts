/** Jobs that somebody wants to end: shown at once, asked under one key, taken back when refused. */

import type { AnalyticsCommands, Job } from "../../../contract";
import { CommandError } from "../errors";
import { newKey } from "../keys";
import type { Answer, Queued } from "../protocol";
import type { StateStore } from "../stateStore";
import type { AnalyticsState } from "./state";
import * as fold from "./state";

type Cancel = AnalyticsCommands["job.cancel"];

interface Surroundings {
  store: StateStore<AnalyticsState>;
  now: () => number;
  request: (payload: Cancel["payload"]) => Promise<Cancel["result"]>;
  /** A job as the server has it now. */
  arrived: (job: Job) => void;
}

export class Cancelling {
  readonly #around: Surroundings;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Asked twice, it is one. @throws {CommandError} and nothing has changed. */
  cancel(jobId: string): Promise<void> {
    const running = this.#underWay.get(jobId);
    if (running) return running;
    const asked = this.#cancel({ key: newKey(this.#around.now()), job_id: jobId }).finally(() =>
      this.#underWay.delete(jobId),
    );
    this.#underWay.set(jobId, asked);
    return asked;
  }

  /** Show what an earlier page left behind; it is sent by itself. */
  restore(left: readonly Queued[]): void {
    for (const { command, payload } of left) {
      if (command === "job.cancel") this.#show(payload as unknown as Cancel["payload"]);
    }
  }

  /** One of those was answered. */
  settled({ command, payload }: Queued, answer: Answer): void {
    if (command !== "job.cancel") return;
    if (answer.ok) this.#around.arrived((answer.data as Cancel["result"]).job);
    this.#hide(String(payload["key"]));
  }

  async #cancel(payload: Cancel["payload"]): Promise<void> {
    this.#show(payload);
    try {
      const { job } = await this.#around.request(payload);
      this.#around.arrived(job);
      this.#hide(payload.key);
    } catch (error) {
      // It stays in the outbox and will be sent by the next page: that is no refusal.
      if (!(error instanceof CommandError && error.details?.["kept"] === true)) this.#hide(payload.key);
      throw error;
    }
  }

  #show({ key, job_id }: Cancel["payload"]): void {
    const { store } = this.#around;
    store.set(fold.cancelAsked(store.getSnapshot(), { key, jobId: job_id }));
  }

  #hide(key: string): void {
    const { store } = this.#around;
    store.set(fold.cancelSettled(store.getSnapshot(), key));
  }
}
