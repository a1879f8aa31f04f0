/** What the recorded traces do not reach: the default bound, and the back-off over all its values. */

import { describe, expect, it } from "vitest";
import { NamespaceMachine } from "./machine";
import { backOff } from "./protocol";

describe("NamespaceMachine", () => {
  it("[CLI2] holds 1,000 commands and refuses the next, keeping those it has", () => {
    const machine = new NamespaceMachine({ namespace: "/chat", random: () => 0.5 });
    for (let index = 0; index < 1_000; index += 1) {
      const payload = { key: `k${index}` };
      const outputs = machine.step(0, {
        type: "command",
        ref: `c${index}`,
        command: "message.send",
        payload,
      });
      expect(outputs.map(({ type }) => type)).toEqual(["persist"]);
    }
    const over = machine.step(0, {
      type: "command",
      ref: "over",
      command: "message.send",
      payload: { key: "x" },
    });
    expect(over).toMatchObject([{ type: "refused_command", ref: "over", error: { code: "overloaded" } }]);
    expect(machine.diagnostics.queued).toBe(1_000);
  });

  it("[CLI3] tries again within a second, and never waits longer than five", () => {
    for (const random of [0, 0.25, 0.5, 0.999]) {
      expect(backOff(0, random)).toBeLessThanOrEqual(1_000);
      expect(backOff(0, random)).toBeGreaterThanOrEqual(250);
      for (let n = 0; n < 60; n += 1) expect(backOff(n, random)).toBeLessThanOrEqual(5_000);
    }
  });
});
