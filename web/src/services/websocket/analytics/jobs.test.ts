/** Jobs and callbacks of the analytics service: each report once, the newest holds, cancelling and its way back. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Job } from "../../../contract";
import {
  alert,
  ended,
  furnishLectern,
  job,
  type Lectern,
  latest,
  logged,
  metrics,
  milestone,
} from "../../../testing/lectern";
import { settle, World } from "../../../testing/world";
import { AnalyticsWebSocketService } from "../analyticsWebSocket";
import { CommandError } from "../errors";
import type { AnalyticsFilters } from "./filters";
import { shownProgress } from "./view";

let world: World;
let service: AnalyticsWebSocketService;

beforeEach(() => {
  world = new World();
  service = new AnalyticsWebSocketService({ environment: world });
});

const CS101: AnalyticsFilters = { courseId: "cs101" };
const ADA = { "user:ada": { epoch: "a", offset: 0, recovered: false } };
const refused = (code: CommandError["code"], details?: Record<string, unknown>) => ({
  ok: false as const,
  error: { code, message: "no", retryable: false, ...(details && { details }) },
});

async function connected(room: Lectern = {}, filters: AnalyticsFilters = CS101): Promise<() => void> {
  service.connect("ada", "token");
  const stop = service.follow(filters);
  await settle();
  furnishLectern(world.peer, room);
  world.peer.accept({ resumed: ADA });
  await settle();
  return stop;
}

describe("a job", () => {
  const shown = (id = "j1") => shownProgress(service.analytics, {}).get(id);

  it("keeps its end, whatever comes late", async () => {
    await connected({ jobs: [job(1)] });
    world.peer.say("job.finished", ended(1), logged(1));
    world.peer.say("job.progressed", job(1, { revision: 8, done: 119 }), latest());
    world.peer.say("job.progressed", ended(1, { message: "the same revision" }), latest());
    expect(shown()).toEqual(ended(1));
    world.peer.say("job.progressed", job(1, { attempt: 2, done: 0, revision: 10 }), latest());
    expect(shown()).toMatchObject({ state: "running", attempt: 2, done: 0 });
    world.peer.say("job.finished", ended(1), logged(1, "job:j1"));
    expect(shown()).toMatchObject({ state: "running", attempt: 2 });
  });

  it("is followed by its own channel, and told each time once", async () => {
    await connected({ jobs: [] }, {});
    const heard: Job[] = [];
    const stop = service.subscribeToProgressUpdates("j7", (progress) => heard.push(progress));
    const never = vi.fn();
    service.subscribeToProgressUpdates("j8", never);
    expect(world.peer.payloads("subscribe")).toEqual([{ channel: "job:j7" }, { channel: "job:j8" }]);
    for (const channel of ["job:j7", "course:cs101", "user:ada"])
      world.peer.say("job.progressed", job(7), latest(channel));
    world.peer.say("job.finished", ended(7), logged(1, "job:j7"));
    expect(heard.map(({ revision }) => revision)).toEqual([2, 9]);
    stop();
    world.advance(0);
    world.peer.say("job.progressed", job(7, { revision: 10 }), latest());
    expect(heard).toHaveLength(2);
    expect(never).not.toHaveBeenCalled();
    expect(world.peer.payloads("unsubscribe")).toEqual([{ channel: "job:j7" }]);
  });

  it("is told as it stands to somebody who comes later", async () => {
    await connected({ jobs: [job(1)] });
    const heard = vi.fn();
    const stop = service.subscribeToProgressUpdates("j1", vi.fn());
    stop();
    service.subscribeToProgressUpdates("j1", heard);
    expect(heard).not.toHaveBeenCalled();
    await settle();
    expect(heard).toHaveBeenCalledExactlyOnceWith(job(1));
  });

  it("that is not for us says why", async () => {
    await connected({}, { jobIds: ["j9"] });
    world.peer.say("channel.closed", { reason: "forbidden" }, { channel: "job:j9" });
    expect(service.analytics.jobErrors).toEqual({ j9: "You are not allowed to do this." });
  });

  it("is cancelled at once on the screen, and taken back when that is refused", async () => {
    await connected({ jobs: [job(1)] });
    const cancelled = service.cancelJob("j1");
    expect(service.cancelJob("j1")).toBe(cancelled);
    expect(shown()?.cancel_requested).toBe(true);
    expect(world.peer.payloads("job.cancel")).toMatchObject([{ job_id: "j1", key: expect.any(String) }]);
    world.peer.answer("job.cancel", refused("forbidden"));
    await expect(cancelled).rejects.toThrow(CommandError);
    expect(shown()?.cancel_requested).toBe(false);
    void service.cancelJob("j1");
    world.peer.answer("job.cancel", {
      ok: true,
      data: { duplicate: false, job: job(1, { cancel_requested: true, revision: 3 }) },
    });
    await settle();
    expect(shown()).toMatchObject({ cancel_requested: true, revision: 3 });
    expect(service.analytics.cancels).toEqual([]);
  });

  it("that ended before it could be cancelled shows its end", async () => {
    await connected({ jobs: [job(1)] });
    const cancelled = service.cancelJob("j1");
    world.peer.answer("job.cancel", refused("conflict", { job: ended(1) }));
    await expect(cancelled).rejects.toMatchObject({ code: "conflict" });
    expect(shown()).toMatchObject({ state: "succeeded", cancel_requested: false });
  });

  it("that has ended is never about to be cancelled", async () => {
    await connected({ jobs: [ended(1)] });
    void service.cancelJob("j1").catch(() => undefined);
    expect(shown()).toEqual(ended(1));
  });

  it("[CLI2] is cancelled by the next page when this one is closed, and shows it until then", async () => {
    await connected({ jobs: [job(1)] });
    world.peer.cut();
    const lost = service.cancelJob("j1").catch((error: unknown) => error);
    service.disconnect();
    await expect(lost).resolves.toMatchObject({ details: { kept: true } });
    service = new AnalyticsWebSocketService({ environment: world });
    await connected({ jobs: [job(1)] });
    expect(shown()?.cancel_requested).toBe(true);
    expect(world.peer.payloads("job.cancel")).toHaveLength(1);
    world.peer.answer("job.cancel", refused("conflict", { job: ended(1) }));
    expect(shown()).toMatchObject({ state: "succeeded", cancel_requested: false });
  });

  it("that nobody lists any more is forgotten when there are too many", async () => {
    await connected({}, { lists: ["milestones"] });
    for (let number = 0; number <= 1_000; number += 1)
      world.peer.say("job.progressed", job(number), latest("user:ada"));
    expect(Object.keys(service.analytics.jobs)).toHaveLength(1_000);
    expect(service.analytics.jobs["j0"]).toBeUndefined();
  });
});

describe("callbacks", () => {
  it("hear what a filter means, each thing once", async () => {
    service.connect("ada", "token");
    const heard: string[] = [];
    const stop = service.subscribeToAnalyticsUpdates(({ event }) => heard.push(event), {
      courseId: "cs101",
      window: "1h",
    });
    await settle();
    furnishLectern(world.peer, {});
    world.peer.accept();
    await settle();
    for (const channel of ["course:cs101", "user:ada"]) {
      world.peer.say("milestone.reached", milestone(1), logged(1, channel));
      world.peer.say("job.finished", ended(1), logged(2, channel));
    }
    world.peer.say("metrics.updated", metrics(1), latest());
    world.peer.say("metrics.updated", metrics(1, { window: "5m" }), latest());
    world.peer.say("metrics.updated", metrics(0), latest());
    world.peer.say("milestone.reached", milestone(2, { course_id: "cs102" }), logged(3, "user:ada"));
    expect(heard).toEqual(["milestone.reached", "job.finished", "metrics.updated"]);
    service.unsubscribe("milestone.reached");
    world.peer.say("milestone.reached", milestone(3), logged(3));
    world.peer.say("alert.raised", alert(1), logged(4));
    expect(heard.at(-1)).toBe("alert.raised");
    world.peer.say("alert.cleared", alert(1, { cleared_at: alert(2).raised_at }), logged(5));
    world.peer.say("alert.cleared", alert(1, { cleared_at: alert(2).raised_at }), logged(6, "user:ada"));
    expect(heard.at(-1)).toBe("alert.cleared");
    expect(heard).toHaveLength(5);
    stop();
    expect(service.listeners).toBe(0);
    world.advance(0);
    expect(world.peer.payloads("unsubscribe")).toEqual([{ channel: "course:cs101" }]);
  });

  it("of progress end with their event, and leave their channels", async () => {
    await connected({}, {});
    service.subscribeToProgressUpdates("j1", vi.fn());
    service.unsubscribe("job.progressed");
    world.advance(0);
    expect(service.listeners).toBe(0);
    expect(world.peer.payloads("unsubscribe")).toEqual([{ channel: "job:j1" }]);
  });

  it("may be registered before anybody is connected", async () => {
    const heard = vi.fn();
    service.subscribeToProgressUpdates("j1", heard);
    service.connect("ada", "token");
    await settle();
    furnishLectern(world.peer, {});
    world.peer.accept();
    await settle();
    expect(world.peer.payloads("subscribe")).toEqual([{ channel: "job:j1" }]);
  });

  it("are kept from what has no shape", async () => {
    await connected();
    const heard = vi.fn();
    service.subscribeToAnalyticsUpdates(heard);
    world.peer.say("job.progressed", { id: "j1" }, latest());
    world.peer.say("metrics.updated", null, latest());
    expect(heard).not.toHaveBeenCalled();
    expect(world.reported.map(String)).toEqual([
      expect.stringContaining("owner_id"),
      expect.stringContaining("data"),
    ]);
  });
});
