/** The analytics service against a server's end in memory: courses, lists, gaps, activity. */

import { beforeEach, describe, expect, it } from "vitest";
import { Desk } from "../../testing/desk";
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
  risk,
} from "../../testing/lectern";
import { settle, World } from "../../testing/world";
import type { AnalyticsFilters } from "./analytics/filters";
import { shownData, shownProgress } from "./analytics/view";
import { AnalyticsWebSocketService } from "./analyticsWebSocket";
import { CommandError } from "./errors";

let world: World;
let service: AnalyticsWebSocketService;

beforeEach(() => {
  world = new World();
  service = new AnalyticsWebSocketService({ environment: world });
});

const CS101: AnalyticsFilters = { courseId: "cs101" };
const ADA = { "user:ada": { epoch: "a", offset: 0, recovered: false } };
const data = (filters = CS101) => {
  const found = shownData(service.analytics, filters);
  if (!found) throw new Error("nobody follows it");
  return found;
};
const jobIds = (filters = CS101) => data(filters).jobs.map(({ id }) => id);
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

/** As to somebody who is enrolled and not of the staff. */
async function asLearner(room: Lectern = {}, filters = CS101): Promise<() => void> {
  service.connect("ada", "token");
  const stop = service.follow(filters);
  await settle();
  furnishLectern(world.peer, room);
  world.peer.silence("subscribe");
  world.peer.accept({ resumed: ADA });
  world.peer.answer("subscribe", refused("forbidden"));
  world.peer.answer("subscribe", {
    ok: true,
    data: { channel: "cohort:cs101", epoch: "a", offset: 0, recovered: false },
  });
  await settle();
  return stop;
}

describe("a course", () => {
  it("is followed as its staff where the server allows it", async () => {
    await connected({ jobs: [job(1)], alerts: [alert(1)], atRisk: [risk(1)], metrics: metrics(0) });
    expect(data()).toMatchObject({
      scope: "course",
      phase: "ready",
      metrics: { active_now: 12 },
      jobs: [{ id: "j1" }],
      alerts: [{ id: "al1" }],
      atRisk: [{ user_id: "u1" }],
    });
    expect(world.peer.payloads("subscribe")).toEqual([{ channel: "course:cs101" }]);
  });

  it("is followed as its cohort by all others, without what is for the staff", async () => {
    const mine = job(1, { owner_id: "ada" });
    const elsewhere = job(2, { owner_id: "ada", course_id: "cs102" });
    await asLearner({ jobs: [elsewhere, mine], metrics: metrics(0, { scope: "cohort" }) });
    expect(world.peer.payloads("subscribe")).toEqual([
      { channel: "course:cs101" },
      { channel: "cohort:cs101" },
    ]);
    expect(data()).toMatchObject({ scope: "cohort", phase: "ready", alerts: [], withheld: false });
    expect(jobIds()).toEqual(["j1"]);
    expect(world.peer.payloads("job.list")).toEqual([{ limit: 50 }]);
    expect(world.peer.payloads("alert.list")).toEqual([]);
    expect(world.peer.payloads("risk.list")).toEqual([]);
  });

  it("withholds the figures of a small cohort", async () => {
    await asLearner();
    expect(data()).toMatchObject({ metrics: null, withheld: true, error: null });
    world.peer.say("metrics.updated", metrics(1, { scope: "cohort" }), latest("cohort:cs101"));
    expect(data()).toMatchObject({ metrics: { active_now: 12 }, withheld: false });
    const small = metrics(2, { scope: "cohort", active_now: 0, withheld: true });
    world.peer.say("metrics.updated", small, latest("cohort:cs101"));
    expect(data()).toMatchObject({ metrics: null, withheld: true });
  });

  it("shows learners their own figures, and reads those that do not come by themselves again", async () => {
    const own = (second: number, patch = {}) => ({
      course_id: "cs101",
      user_id: "ada",
      window: "1h",
      at: metrics(second).at,
      events: second,
      time_on_task_s: 60,
      completed: 0,
      submitted: 0,
      ...patch,
    });
    service.connect("ada", "token");
    service.follow(CS101);
    await settle();
    furnishLectern(world.peer, {});
    world.peer.reply("metrics.read", () => ({ own: own(1) }));
    world.peer.accept();
    // What comes with the subscription is no reason not to read.
    world.peer.say("metrics.updated", metrics(0), latest());
    await settle();
    expect(data()).toMatchObject({ phase: "ready", own: { events: 1 } });
    world.peer.reply("metrics.read", () => ({ own: own(5) }));
    for (let second = 2; second < 5; second += 1)
      world.peer.say("own_metrics.updated", own(second, { window: "1d" }), latest("user:ada"));
    expect(data({ ...CS101, window: "1d" }).own).toMatchObject({ events: 4 });
    world.advance(10_000);
    expect(data().phase).toBe("ready");
    await settle();
    expect(data().own).toMatchObject({ events: 5 });
    expect(world.peer.payloads("metrics.read")).toHaveLength(2);
    for (let turn = 0; turn < 3; turn += 1)
      await service.recordActivity({ course_id: "cs101", verb: "opened", object: { id: "p", type: "page" } });
    world.advance(10_000);
    expect(world.peer.payloads("metrics.read")).toHaveLength(3);
  });

  it("says why there is nothing to see for whoever is not in it, and asks again when told to", async () => {
    service.connect("ada", "token");
    service.follow(CS101);
    await settle();
    furnishLectern(world.peer, {});
    world.peer.silence("subscribe");
    world.peer.accept();
    world.peer.answer("subscribe", refused("not_found"));
    expect(data()).toMatchObject({ scope: null, phase: "failed", error: expect.stringMatching(/not here/) });
    void service.reload(CS101);
    expect(data()).toMatchObject({ phase: "loading", error: null });
    world.peer.answer("subscribe", {
      ok: true,
      data: { channel: "course:cs101", epoch: "a", offset: 0, recovered: false },
    });
    await settle();
    expect(data()).toMatchObject({ scope: "course", phase: "ready" });
  });

  it("shows nothing of the staff's any more to somebody who is that no longer", async () => {
    await connected({ alerts: [alert(1)], atRisk: [risk(1)], metrics: metrics(0), jobs: [job(1)] });
    world.peer.say("channel.closed", { reason: "forbidden" }, { channel: "course:cs101" });
    expect(data()).toMatchObject({ alerts: [], atRisk: [], metrics: null, jobs: [] });
    await settle();
    expect(world.peer.payloads("subscribe").at(-1)).toEqual({ channel: "cohort:cs101" });
    expect(data()).toMatchObject({ scope: "cohort", alerts: [], metrics: null });
  });

  it("is left at the end of the turn in which the last one lets go", async () => {
    const stop = await connected();
    const again = service.follow(CS101);
    stop();
    stop();
    world.advance(0);
    expect(data().scope).toBe("course");
    again();
    const third = service.follow(CS101);
    world.advance(0);
    expect(data().scope).toBe("course");
    third();
    world.advance(0);
    expect(service.analytics.scopes).toEqual({});
    expect(world.peer.payloads("unsubscribe")).toEqual([{ channel: "course:cs101" }]);
  });

  it("loads a list that somebody wants later", async () => {
    await connected({ jobs: [job(1)] }, { ...CS101, lists: [] });
    expect(world.peer.payloads("job.list")).toEqual([]);
    service.follow({ ...CS101, lists: ["jobs"], window: "7d" });
    await settle();
    expect(jobIds()).toEqual(["j1"]);
    expect(world.peer.payloads("metrics.read").map(({ window }) => window)).toEqual(["1h", "7d"]);
  });
});

describe("lists", () => {
  const many = Array.from({ length: 120 }, (_, index) => job(120 - index));

  it("load page by page, each once", async () => {
    await connected({ jobs: many });
    expect(data().lists.jobs).toMatchObject({ hasMore: true, loadingMore: false });
    await Promise.all([service.loadMore("jobs", CS101), service.loadMore("jobs", CS101)]);
    await service.loadMore("jobs", CS101);
    await service.loadMore("jobs", CS101);
    expect(jobIds()).toEqual(many.map(({ id }) => id));
    expect(world.peer.payloads("job.list")).toHaveLength(3);
    expect(data().lists.jobs.hasMore).toBe(false);
  });

  it("keep what was said while their first page was on its way", async () => {
    service.connect("ada", "token");
    service.follow(CS101);
    await settle();
    furnishLectern(world.peer, {});
    for (const command of ["job.list", "milestone.list", "alert.list"]) world.peer.silence(command);
    world.peer.accept();
    await settle();
    world.peer.say("job.finished", ended(1), logged(1));
    world.peer.say("milestone.reached", milestone(2), logged(2));
    world.peer.say("alert.raised", alert(2), logged(3));
    world.peer.answer("job.list", { ok: true, data: { items: [job(1), job(0)] } });
    world.peer.answer("milestone.list", { ok: true, data: { items: [milestone(1)] } });
    world.peer.answer("alert.list", { ok: true, data: { items: [alert(2), alert(1)] } });
    await settle();
    expect(data().jobs.map(({ id, state }) => [id, state])).toEqual([
      ["j1", "succeeded"],
      ["j0", "running"],
    ]);
    expect(data().milestones.map(({ id }) => id)).toEqual(["ms2", "ms1"]);
    expect(data().alerts.map(({ id }) => id)).toEqual(["al2", "al1"]);
  });

  it("say when they cannot be loaded, and load again when told to", async () => {
    service.connect("ada", "token");
    service.follow(CS101);
    await settle();
    furnishLectern(world.peer, { jobs: [job(1)] });
    world.peer.silence("job.list");
    world.peer.accept();
    await settle();
    world.peer.answer("job.list", refused("internal"));
    await settle();
    expect(data().lists.jobs).toMatchObject({ phase: "failed", error: expect.stringMatching(/went wrong/) });
    furnishLectern(world.peer, { jobs: [job(1)] });
    await service.reload(CS101);
    expect(jobIds()).toEqual(["j1"]);
  });

  it("are loaded by the next connection when this one was lost", async () => {
    service.connect("ada", "token");
    service.follow(CS101);
    await settle();
    furnishLectern(world.peer, { jobs: [job(1)] });
    world.peer.silence("job.list");
    world.peer.accept();
    await settle();
    world.peer.cut();
    await settle();
    expect(data()).toMatchObject({ phase: "loading", error: null });
    furnishLectern(world.peer, { jobs: [job(1)] });
    world.advance(400);
    world.peer.accept({ resumed: { "course:cs101": { epoch: "a", offset: 0, recovered: true } } });
    await settle();
    expect(jobIds()).toEqual(["j1"]);
  });

  it("take new jobs and leave what is not theirs", async () => {
    await connected({ jobs: [job(1)] });
    service.follow();
    await settle();
    world.peer.say("job.progressed", job(2), latest());
    world.peer.say("job.progressed", job(3, { course_id: "cs102", owner_id: "ada" }), latest("user:ada"));
    expect(jobIds()).toEqual(["j2", "j1"]);
    expect(jobIds({})).toContain("j3");
    expect(data({ ...CS101, jobStates: ["failed"] }).jobs).toEqual([]);
    expect([...shownProgress(service.analytics, CS101).keys()]).toEqual(["j1", "j2"]);
    expect([...shownProgress(service.analytics, { ...CS101, jobIds: ["j3"] }).keys()]).toContain("j3");
  });

  it("that have grown too long are loaded anew", async () => {
    await connected({ milestones: [milestone(1)] });
    for (let number = 2; number <= 501; number += 1)
      world.peer.say("milestone.reached", milestone(number), logged(number - 1));
    await settle();
    expect(data().milestones).toHaveLength(1);
    expect(world.peer.payloads("milestone.list")).toHaveLength(2);
  });

  it("read again who is at risk when the figures say that it has changed, once in 15 s", async () => {
    await connected({ alerts: [alert(1)], atRisk: [risk(1)], metrics: metrics(0) });
    world.peer.say("metrics.updated", metrics(1), latest());
    world.advance(20_000);
    expect(world.peer.payloads("risk.list")).toHaveLength(1);
    furnishLectern(world.peer, { atRisk: [risk(2)] });
    for (let second = 2; second < 9; second += 1)
      world.peer.say("metrics.updated", metrics(second, { at_risk: second }), latest());
    world.advance(15_000);
    await settle();
    expect(world.peer.payloads("risk.list")).toHaveLength(2);
    expect(world.peer.payloads("alert.list")).toHaveLength(1);
    expect(data()).toMatchObject({ alerts: [{ id: "al1" }], atRisk: [{ user_id: "u2" }] });
  });

  it("show no alert that holds no more, also when a page comes that still has it", async () => {
    await connected({ alerts: [alert(2), alert(1)] });
    world.peer.silence("alert.list");
    void service.reload({ courseId: "cs101" });
    await settle();
    world.peer.say("alert.raised", alert(3), logged(1));
    world.peer.say("alert.cleared", alert(1, { cleared_at: alert(4).raised_at }), logged(2));
    world.peer.say("alert.cleared", alert(3, { cleared_at: alert(4).raised_at }), logged(3));
    expect(data().alerts.map(({ id }) => id)).toEqual(["al2"]);
    world.peer.answer("alert.list", { ok: true, data: { items: [alert(3), alert(2), alert(1)] } });
    await settle();
    expect(data().alerts.map(({ id }) => id)).toEqual(["al2"]);
    world.peer.say("alert.cleared", alert(9, { course_id: "another" }), logged(4));
    expect(data().alerts.map(({ id }) => id)).toEqual(["al2"]);
  });
});

describe("after a gap", () => {
  const trimmed = (channel: string) => ({
    [channel]: { epoch: "b", offset: 7, recovered: false, reason: "trimmed" as const },
  });

  async function reconnected(room: Lectern, channel = "course:cs101"): Promise<void> {
    world.peer.cut();
    furnishLectern(world.peer, room);
    world.advance(1_000);
    world.peer.accept({ resumed: trimmed(channel) });
  }

  it("[SUB3] a course is loaded anew from a position read before, and is stale until then", async () => {
    await connected({ jobs: [job(1)], milestones: [milestone(1)], metrics: metrics(0) });
    await reconnected({
      jobs: [ended(1)],
      milestones: [milestone(2)],
      metrics: metrics(9, { active_now: 3 }),
    });
    expect(data()).toMatchObject({ stale: true, phase: "ready", jobs: [{ state: "running" }] });
    await settle();
    expect(data()).toMatchObject({
      stale: false,
      metrics: { active_now: 3 },
      jobs: [{ state: "succeeded" }],
      milestones: [{ id: "ms2" }],
    });
    const since = { epoch: "b", offset: 7 };
    expect(world.peer.payloads("subscribe").at(-1)).toEqual({ channel: "course:cs101", since });
  });

  it("tries again until it is loaded", async () => {
    await connected({ jobs: [job(1)] });
    world.peer.silence("job.list");
    world.peer.cut();
    world.advance(1_000);
    world.peer.silence("job.list");
    world.peer.accept({ resumed: trimmed("course:cs101") });
    await settle();
    world.peer.answer("job.list", {
      ok: false,
      error: { code: "internal", message: "", retryable: true },
    });
    await settle();
    expect(data().stale).toBe(true);
    furnishLectern(world.peer, { jobs: [ended(1)] });
    world.advance(3_000);
    await settle();
    expect(data()).toMatchObject({ stale: false, jobs: [{ state: "succeeded" }] });
  });

  it("our own jobs are read though nobody lists them", async () => {
    service.connect("ada", "token");
    await settle();
    furnishLectern(world.peer, {});
    world.peer.accept({ resumed: ADA });
    world.peer.say("job.progressed", job(1, { owner_id: "ada" }), latest("user:ada"));
    await reconnected({ jobs: [ended(1, { owner_id: "ada" })] }, "user:ada");
    await settle();
    expect(service.analytics.jobs["j1"]?.state).toBe("succeeded");
    const since = { epoch: "b", offset: 7 };
    expect(world.peer.payloads("subscribe").at(-1)).toEqual({ channel: "user:ada", since });
  });

  it("the jobs of a course are read though nobody lists them", async () => {
    await connected({}, { ...CS101, lists: ["milestones"] });
    world.peer.say("job.progressed", job(1), latest());
    await reconnected({ jobs: [ended(1)] });
    await settle();
    expect(service.analytics.jobs["j1"]?.state).toBe("succeeded");
    expect(world.peer.payloads("job.list")).toEqual([{ course_id: "cs101" }]);
  });

  it("one job is read", async () => {
    await connected({}, { jobIds: ["j1"], lists: [] });
    world.peer.say("job.progressed", job(1), latest("job:j1"));
    await reconnected({ jobs: [ended(1)] }, "job:j1");
    await settle();
    expect(service.analytics.jobs["j1"]?.state).toBe("succeeded");
    expect(world.peer.payloads("job.read")).toEqual([{ job_id: "j1" }]);
  });

  it("[CLI1] a hole makes it ask again, and nothing is told twice", async () => {
    await connected();
    const heard: string[] = [];
    service.subscribeToAnalyticsUpdates(({ data: { course_id }, event }) =>
      heard.push(`${event} ${course_id}`),
    );
    world.peer.say("milestone.reached", milestone(1), logged(1));
    world.peer.say("milestone.reached", milestone(3), logged(3));
    expect(world.peer.payloads("subscribe").at(-1)).toMatchObject({ since: { epoch: "a", offset: 1 } });
    world.peer.say("milestone.reached", milestone(2), logged(2));
    world.peer.say("milestone.reached", milestone(3), logged(3));
    expect(heard).toHaveLength(3);
    expect(data().milestones.map(({ id }) => id)).toEqual(["ms3", "ms2", "ms1"]);
  });
});

describe("activity", () => {
  const watched = {
    course_id: "cs101",
    verb: "played",
    object: { id: "v1", type: "video" },
    duration_ms: 5_000,
  } as const;

  it("[CLI2] waits for a connection, survives a reload, and says when it happened", async () => {
    service.connect("ada", "token");
    await settle();
    world.peer.accept({ server_time: "2026-11-22T18:00:30.000Z" });
    world.peer.cut();
    const lost = service.recordActivity(watched).catch((error: unknown) => error);
    service.disconnect();
    await expect(lost).resolves.toMatchObject({ details: { kept: true } });
    world.advance(60_000);
    service = new AnalyticsWebSocketService({ environment: world });
    service.connect("ada", "token");
    await settle();
    furnishLectern(world.peer, {});
    world.peer.accept();
    await settle();
    expect(world.peer.payloads("activity.record")).toEqual([
      { ...watched, key: expect.any(String), at: "2026-11-22T18:00:30.000Z" },
    ]);
    expect(world.local.length).toBe(0);
  });

  it("that an earlier page left and the server refuses is reported", async () => {
    service.connect("ada", "token");
    await settle();
    world.peer.accept();
    void service.recordActivity(watched).catch(() => undefined);
    service.disconnect();
    service = new AnalyticsWebSocketService({ environment: world });
    service.connect("ada", "token");
    await settle();
    world.peer.accept();
    world.peer.answer("activity.record", refused("invalid"));
    expect(world.reported).toEqual([expect.any(CommandError)]);
  });

  it("[CLI2] of somebody who signs out is told by the next page", async () => {
    const desk = new Desk();
    service = new AnalyticsWebSocketService({ environment: world, activity: desk });
    service.connect("ada", "token");
    await settle();
    const stop = service.trackActivity({ courseId: "cs101", object: watched.object, verb: "played" });
    desk.work(9_000);
    service.disconnect();
    stop();
    expect(desk.watching.size).toBe(0);
    await settle();
    expect(world.reported).toEqual([]);
    service = new AnalyticsWebSocketService({ environment: world });
    service.connect("ada", "token");
    await settle();
    furnishLectern(world.peer, {});
    world.peer.accept();
    await settle();
    expect(world.peer.payloads("activity.record")).toMatchObject([{ duration_ms: 9_000, verb: "played" }]);
  });

  it("rejects when it is refused", async () => {
    await connected();
    world.peer.silence("activity.record");
    const recorded = service.recordActivity({ ...watched, at: "2026-11-22T17:00:00.000Z" });
    expect(world.peer.payloads("activity.record")).toMatchObject([{ at: "2026-11-22T17:00:00.000Z" }]);
    world.peer.answer("activity.record", refused("forbidden"));
    await expect(recorded).rejects.toMatchObject({ code: "forbidden" });
  });
});
