/** Every recorded trace in `tests/traces/` drives the machine as it drives the Python client's. */

import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { NamespaceMachine } from "./machine";
import type { Diagnostics, Input, Output } from "./protocol";

interface Trace {
  name: string;
  rules: string[];
  options: { namespace: string; random?: number[]; outbox_limit?: number; resume_limit?: number };
  steps: { at: number; input: Input; outputs: Output[]; diagnostics?: Partial<Diagnostics> }[];
}

const folder = resolve(import.meta.dirname, "../../../../tests/traces");
const files = readdirSync(folder).filter((file) => file.endsWith(".json"));

describe("recorded traces", () => {
  it("are there", () => {
    expect(files.length).toBeGreaterThan(0);
  });

  it.each(files)("%s", (file) => {
    const trace = JSON.parse(readFileSync(resolve(folder, file), "utf8")) as Trace;
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
