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
    const key = String(payload["key"]);
    if (!answer.ok) return this.#refused(key, new CommandError(answer.error));
    this.#around.arrived((answer.data as Cancel["result"]).job);
    this.#hide(key);
  }

  async #cancel(payload: Cancel["payload"]): Promise<void> {
    this.#show(payload);
    try {
      const { job } = await this.#around.request(payload);
      this.#around.arrived(job);
      this.#hide(payload.key);
    } catch (error) {
      this.#refused(payload.key, error);
      throw error;
    }
  }

  #refused(key: string, error: unknown): void {
    // A conflict says how the job stands: it has ended.
    const job = error instanceof CommandError ? error.details?.["job"] : undefined;
    if (job) this.#around.arrived(job as Job);
    this.#hide(key);
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
