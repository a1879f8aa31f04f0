/** What the recorded traces do not reach: the default bound, and the back-off over all its values. */

import { describe, expect, it } from "vitest";
import { READY } from "../../testing/world";
import { NamespaceMachine } from "./machine";
import { backOff, type Input } from "./protocol";

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

  it("[CLI1] holds the channels that a command has subscribed to from the positions in its answer", () => {
    const machine = new NamespaceMachine({ namespace: "/collaboration", random: () => 0.5 });
    const step = (input: Input) => machine.step(0, input);
    const event = (channel: string, offset: number): Input => ({
      type: "received",
      event: "document.updated",
      data: {},
      meta: { channel, epoch: "a", offset },
    });
    const answered = (ref: string, positions: object): Input => ({
      type: "answer",
      ref,
      answer: { ok: true, data: { positions } },
    });
    step({ type: "start", token_known: true });
    step({ type: "connected", sid: "s" });
    step({ type: "received", event: "session.ready", data: READY, meta: { channel: "" } });
    step({ type: "command", ref: "c1", command: "document.open", payload: {} });
    step(event("document:7:staff", 5)); // Overtakes the answer.
    const positions = {
      "document:7": { epoch: "a", offset: 8 },
      "document:7:staff": { epoch: "a", offset: 4 },
    };
    expect(step(answered("c1", positions)).map(({ type }) => type)).toEqual([
      "subscribed",
      "subscribed",
      "settle",
    ]);
    expect(machine.position("document:7:staff")).toEqual({ epoch: "a", offset: 5 });
    expect(step(event("document:7", 8))).toEqual([]);
    expect(step(event("document:7", 9))).toMatchObject([{ type: "deliver" }]);
    expect(step(event("document:7", 11))).toMatchObject([
      { type: "emit", command: "subscribe", payload: { channel: "document:7", since: { offset: 9 } } },
    ]);
    step({ type: "disconnected", by: "transport", reason: "gone" });
    const connect = step({ type: "timer", name: "reconnect" }).find(({ type }) => type === "connect");
    expect(connect).toMatchObject({
      resume: { "document:7": { epoch: "a", offset: 9 }, "document:7:staff": { epoch: "a", offset: 5 } },
    });
  });

  it("lets those that are too many come again one after the other, not all at once", () => {
    const machine = new NamespaceMachine({ namespace: "/chat", random: () => 0.5 });
    const step = (input: Input) => machine.step(1_000, input);
    const refused = (ref: string): Input => {
      const error = {
        code: "rate_limited",
        message: "too many",
        retryable: true,
        retry_after_ms: 20,
      } as const;
      return { type: "answer", ref, answer: { ok: false, error } };
    };
    const waits = (refs: string[]) =>
      refs.flatMap((ref) => step(refused(ref)).flatMap((put) => (put.type === "set_timer" ? [put.ms] : [])));
    step({ type: "start", token_known: true });
    for (const channel of ["room:1", "room:2", "room:3"]) step({ type: "subscribe", channel });
    step({ type: "connected", sid: "s" });
    step({ type: "received", event: "session.ready", data: READY, meta: { channel: "" } });
    const refs = ["c1", "c2", "c3"];
    for (const ref of refs) step({ type: "command", ref, command: "history.read", payload: {} });
    // The server takes 20 a second: what somebody waits for may have all of them, subscriptions half.
    expect(waits(["#1", "#2", "#3"])).toEqual([20, 120, 220]);
    expect(waits(refs)).toEqual([20, 70, 120]);
  });
});
