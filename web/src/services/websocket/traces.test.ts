/** Every recorded trace in `tests/traces/` drives the machine as it drives the Python client's. */

import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { AnalyticsCommands } from "../../contract";
import { folded } from "./analytics/events";
import { OWN } from "./analytics/filters";
import * as fold from "./analytics/state";
import { shownProgress } from "./analytics/view";
import { NamespaceMachine } from "./machine";
import type { Diagnostics, Input, Output } from "./protocol";

interface Trace {
  name: string;
  rules: string[];
  options: { namespace: string; random?: number[]; outbox_limit?: number; resume_limit?: number };
  steps: {
    at: number;
    input: Input;
    outputs: Output[];
    diagnostics?: Partial<Diagnostics>;
    folded?: { jobs?: unknown; metrics?: unknown; milestones?: unknown };
  }[];
}

const folder = resolve(import.meta.dirname, "../../../../tests/traces");
const files = readdirSync(folder).filter((file) => file.endsWith(".json"));

describe("recorded traces", () => {
  it("are there", () => {
    expect(files.length).toBeGreaterThan(0);
  });

  it.each(files)("%s", (file) => {
    const trace = read(file);
    const random = trace.options.random ?? [0.5];
    let taken = 0;
    const machine = new NamespaceMachine({
      namespace: trace.options.namespace,
      random: () => random[taken++ % random.length] ?? 0,
      ...(trace.options.outbox_limit !== undefined && { outboxLimit: trace.options.outbox_limit }),
      ...(trace.options.resume_limit !== undefined && { resumeLimit: trace.options.resume_limit }),
    });
    trace.steps.forEach((step, index) => {
      const where = `step ${index + 1}, ${JSON.stringify(step.input)}`;
      expect(machine.step(step.at, step.input), where).toEqual(step.outputs);
      if (step.diagnostics) expect(machine.diagnostics, where).toMatchObject(step.diagnostics);
    });
  });
});

const read = (file: string) => JSON.parse(readFileSync(resolve(folder, file), "utf8")) as Trace;
const withState = files.filter((file) => read(file).steps.some((step) => step.folded));

describe("what the traces of /analytics fold to", () => {
  it("is there", () => {
    expect(withState.length).toBeGreaterThanOrEqual(8);
  });

  it.each(withState)("%s", (file) => {
    const client = new Dashboard();
    read(file).steps.forEach((step, index) => {
      if (step.input.type === "command") client.asked(step.input);
      for (const output of step.outputs) client.take(output);
      for (const [name, value] of Object.entries(step.folded ?? {}))
        expect(client.shown()[name as "jobs"], `step ${index + 1}, ${name}`).toEqual(value);
    });
  });
});

type Command = Extract<Input, { type: "command" }>;

/** Ada, who looks at a course of whose staff she is. */
class Dashboard {
  #state = fold.scopeOpened({ ...fold.initialState, me: "ada" }, OWN, "own");
  readonly #commands = new Map<string, Command>();

  constructor() {
    this.#state = fold.scopeOpened(this.#state, "cs101", "course");
    for (const id of [OWN, "cs101"])
      this.#state = fold.pageLoaded(this.#state, id, "milestones", { items: [] }, true);
  }

  asked(given: Command): void {
    this.#commands.set(given.ref, given);
    const { key, job_id } = given.payload as { key?: string; job_id?: string };
    if (given.command === "job.cancel" && key && job_id)
      this.#state = fold.cancelAsked(this.#state, { key, jobId: job_id });
  }

  take(output: Output): void {
    if (output.type === "deliver") this.#state = folded(this.#state, output.event, output.data);
    if (output.type === "settle") this.#answered(this.#commands.get(output.ref), output.answer);
  }

  shown() {
    const { metrics, lists } = this.#state.scopes["cs101"] ?? {};
    const own = this.#state.scopes[OWN]?.lists.milestones.items ?? [];
    const reached = new Map([...(lists?.milestones.items ?? []), ...own].map((one) => [one.id, one]));
    return {
      jobs: Object.fromEntries(shownProgress(this.#state, {})),
      metrics: Object.fromEntries(Object.entries(metrics ?? {}).map(([name, one]) => [`cs101/${name}`, one])),
      milestones: [...reached.values()]
        .sort((a, b) => (a.reached_at < b.reached_at ? 1 : -1))
        .map(({ id }) => id),
    };
  }

  #answered(given: Command | undefined, answer: Extract<Output, { type: "settle" }>["answer"]): void {
    const data = answer.ok ? answer.data : answer.error.details;
    switch (given?.command) {
      case "job.cancel": {
        const { job } = (data ?? {}) as Partial<AnalyticsCommands["job.cancel"]["result"]>;
        if (job) this.#state = fold.jobArrived(this.#state, job);
        this.#state = fold.cancelSettled(this.#state, String(given.payload["key"]));
        return;
      }
      case "job.list": {
        const page = data as AnalyticsCommands["job.list"]["result"];
        this.#state = fold.jobPageLoaded(this.#state, "cs101", page, true);
        return;
      }
      case "milestone.list": {
        const page = data as AnalyticsCommands["milestone.list"]["result"];
        this.#state = fold.pageLoaded(this.#state, "cs101", "milestones", page, true);
      }
    }
  }
}
