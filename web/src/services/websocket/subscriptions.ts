/** The channels of one namespace: asked for, resumed, repaired after holes, left, taken away (SUB2-4, CLI1). */

import type { Position, Ready, Reason, Recovered, Subscription } from "../../contract";
import { Channel } from "./channels";
import type { Effects } from "./effects";
import type { Answer, EventMeta } from "./protocol";
import { Turns } from "./turns";

export class Subscriptions {
  readonly #effects: Effects;
  readonly #resumeLimit: number;
  /** In the order of subscription. */
  readonly #channels = new Map<string, Channel>();
  /** Channels left in this session, whose late events are of nobody's interest, each with its last leaving. */
  readonly #leaving = new Map<string, object>();
  #resuming = new Set<string>();
  #turns = new Turns();
  #ready = false;

  constructor(effects: Effects, resumeLimit: number) {
    this.#effects = effects;
    this.#resumeLimit = resumeLimit;
  }

  position(name: string): Position | null {
    return this.#channels.get(name)?.position ?? null;
  }

  // The session

  /** What CONNECT carries as `auth.resume`. */
  resume(): Record<string, Position> {
    const resume: Record<string, Position> = {};
    this.#resuming = new Set();
    for (const channel of this.#channels.values()) {
      if (!channel.position || channel.phase === "stale" || this.#resuming.size >= this.#resumeLimit)
        continue;
      resume[channel.name] = { ...channel.position };
      this.#resuming.add(channel.name);
      channel.phase = "asked";
      channel.askedFrom = channel.position.offset;
    }
    return resume;
  }

  /** Apply what `session.ready` says of each channel, and ask for the others; `paceMs` apart when they are too many. */
  ready(resumed: Ready["resumed"], paceMs = 0): void {
    this.#ready = true;
    this.#turns = new Turns(paceMs);
    this.#leaving.clear();
    for (const [name, answer] of Object.entries(resumed)) {
      const known = this.#channels.get(name);
      if (!known && this.#resuming.has(name)) {
        this.#leave(name);
        continue;
      }
      const channel = known ?? this.#joined(name);
      if (channel.phase !== "stale") this.#recovered(channel, answer);
    }
    for (const channel of [...this.#channels.values()]) {
      if (channel.name in resumed || channel.phase === "stale") continue;
      if (channel.wanted) this.#ask(channel);
      else channel.phase = "live";
    }
  }

  /** Forget everything that belonged to the session. */
  lost(): void {
    this.#ready = false;
    this.#leaving.clear();
    this.#resuming.clear();
    for (const channel of this.#channels.values()) {
      channel.asking = null;
      channel.failures = 0;
      if (channel.phase !== "stale") channel.phase = "idle";
    }
  }

  // Wishes

  subscribe(name: string, since?: Position): void {
    const known = this.#channels.get(name);
    if (known?.wanted) return;
    const channel = known ?? this.#joined(name);
    channel.wanted = true;
    if (since) {
      channel.move(since);
      channel.phase = "idle";
    }
    if (this.#ready && channel.phase !== "stale") this.#ask(channel);
  }

  unsubscribe(name: string): void {
    const channel = this.#channels.get(name);
    if (!channel) return;
    this.#drop(channel);
    if (channel.phase !== "idle" && channel.phase !== "refused") this.#leave(name);
  }

  /** Go on from a snapshot, if one was needed. */
  snapshotLoaded(name: string, position: Position): void {
    const channel = this.#channels.get(name);
    if (channel?.phase !== "stale") return;
    channel.move(position);
    channel.phase = "idle";
    if (this.#ready) this.#ask(channel);
  }

  /** A command has subscribed to these channels: what it answered is their state, and events go on from here. */
  adopt(positions: Record<string, Position>): void {
    for (const [name, position] of Object.entries(positions)) {
      // Answers come in order: it was left after the command was given.
      if (this.#leaving.has(name)) continue;
      const channel = this.#channels.get(name) ?? this.#joined(name);
      channel.wanted = true;
      if (channel.phase === "stale" || !channel.reaches(position)) channel.move(position);
      // Asked after the command was given: that answer is still to come.
      if (channel.phase === "asked") continue;
      this.#effects.cancel(`subscribe:${name}`);
      channel.phase = "live";
      channel.failures = 0;
      this.#effects.put({ type: "subscribed", channel: name, ...position, recovered: false });
    }
  }

  /** Events were dropped on the way: ask for what was missed, unless that is under way. */
  catchUp(name: string): void {
    const channel = this.#channels.get(name);
    if (!channel || !this.#ready || (channel.phase !== "live" && channel.phase !== "refused")) return;
    this.#effects.cancel(`subscribe:${name}`);
    this.#ask(channel);
  }

  // Events and answers

  /** Whether an event is to be delivered; the position advances to it. A hole asks the server again. */
  admits(meta: EventMeta): boolean {
    if (this.#leaving.has(meta.channel)) return false;
    if (meta.offset === undefined) return true;
    let channel = this.#channels.get(meta.channel);
    if (!channel) {
      channel = this.#joined(meta.channel);
      channel.phase = "live";
    }
    const verdict = channel.judge(meta.epoch ?? "", meta.offset);
    if (verdict === "hole" && this.#ready) this.#ask(channel);
    return verdict === "next";
  }

  /** The server took a channel away. */
  takeAway(name: string, reason: string): void {
    const channel = this.#channels.get(name);
    if (!channel) return;
    this.#drop(channel);
    this.#effects.put({ type: "unsubscribed", channel: name, reason });
  }

  #joined(name: string): Channel {
    const channel = new Channel(name);
    this.#channels.set(name, channel);
    return channel;
  }

  #ask(channel: Channel): void {
    const { name, position } = channel;
    channel.phase = "asked";
    channel.askedFrom = position?.offset ?? 0;
    const asking = {};
    channel.asking = asking;
    const payload = position ? { channel: name, since: { ...position } } : { channel: name };
    this.#effects.emit("subscribe", payload, (answer) => {
      if (this.#channels.get(name) !== channel || channel.asking !== asking) return;
      channel.asking = null;
      this.#answered(channel, answer);
    });
  }

  #answered(channel: Channel, answer: Answer): void {
    if (answer.ok) this.#recovered(channel, answer.data as Subscription);
    else if (answer.error.retryable) this.#askLater(channel, answer.error.retry_after_ms);
    else this.takeAway(channel.name, answer.error.code);
  }

  #askLater(channel: Channel, retryAfterMs?: number): void {
    channel.phase = "refused";
    const ms = this.#turns.next(this.#effects.at, retryAfterMs ?? this.#effects.delay(channel.failures));
    channel.failures += 1;
    this.#effects.set(`subscribe:${channel.name}`, ms, () => this.#ask(channel));
  }

  /** Take the answer of `subscribe`, or a channel of `resumed`; the replayed events went before it. */
  #recovered(channel: Channel, answer: Recovered): void {
    const { name } = channel;
    const { epoch, offset, recovered } = answer;
    if (answer.reason === "forbidden") return this.takeAway(name, "forbidden");
    for (const { event, data } of answer.latest ?? []) {
      this.#effects.put({ type: "deliver", event, data, meta: { channel: name } });
    }
    if (recovered) {
      // Without a position it was wanted anew during the resume.
      if (!channel.position) channel.move({ epoch, offset });
      const { position } = channel;
      if (position?.epoch === epoch && position.offset < offset)
        return this.#replayHadAHole(channel, position);
    } else if (answer.reason) {
      return this.#needSnapshot(channel, answer.reason, { epoch, offset });
    } else if (!channel.reaches({ epoch, offset })) {
      channel.move({ epoch, offset });
    }
    channel.phase = "live";
    channel.failures = 0;
    this.#effects.put({ type: "subscribed", channel: name, epoch, offset, recovered });
  }

  /** A replay that got further is asked to go on at once; one that did not must wait. */
  #replayHadAHole(channel: Channel, position: Position): void {
    if (channel.failures > 0 && position.offset <= channel.askedFrom) return this.#askLater(channel);
    channel.failures = 1;
    this.#ask(channel);
  }

  #needSnapshot(channel: Channel, reason: Reason, position: Position): void {
    channel.phase = "stale";
    this.#effects.put({ type: "need_snapshot", channel: channel.name, reason, position });
  }

  #drop(channel: Channel): void {
    this.#channels.delete(channel.name);
    this.#effects.cancel(`subscribe:${channel.name}`);
  }

  #leave(name: string): void {
    const leaving = {};
    this.#leaving.set(name, leaving);
    if (!this.#ready) return;
    this.#effects.emit("unsubscribe", { channel: name }, () => {
      if (this.#leaving.get(name) === leaving) this.#leaving.delete(name);
    });
  }
}
