/** Series: read once, then their end, and only when the course has moved; many pages do not ask at once. */

import { beforeEach, describe, expect, it } from "vitest";
import { furnishLectern, latest, metrics } from "../../../testing/lectern";
import { settle, World } from "../../../testing/world";
import { AnalyticsWebSocketService } from "../analyticsWebSocket";
import type { AnalyticsFilters, SeriesQuery } from "./filters";
import { filterKey } from "./filters";
import { joined } from "./series";
import { MOST_TRAIL } from "./state";
import { shownData } from "./view";

let world: World;
let service: AnalyticsWebSocketService;

beforeEach(() => {
  world = new World();
  service = new AnalyticsWebSocketService({ environment: world });
});

const EVENTS: SeriesQuery = { metric: "events", bucket: "1m", points: 30 };
const LIVE: AnalyticsFilters = { courseId: "cs101", series: [EVENTS], lists: [] };
const series = () => shownData(service.analytics, LIVE)?.series[0];
const reads = () => world.peer.payloads("metrics.series");
const moves = (second: number) => world.peer.say("metrics.updated", metrics(second), latest());

const isWhole = ({ from, to }: Record<string, unknown>) =>
  Date.parse(String(to)) - Date.parse(String(from)) > 20 * 60_000;

async function connected(filters = LIVE): Promise<() => void> {
  service.connect("ada", "token");
  const stop = service.follow(filters);
  await settle();
  furnishLectern(world.peer, { metrics: metrics(0) });
  world.peer.accept();
  await settle();
  return stop;
}

describe("a series", () => {
  it("is read whole at first: as many buckets as are wanted, the running one included", async () => {
    await connected();
    expect(reads()).toEqual([
      {
        course_id: "cs101",
        metric: "events",
        bucket: "1m",
        from: "2026-11-22T17:31:00.000Z",
        to: "2026-11-22T18:00:00.000Z",
      },
    ]);
    expect(series()).toMatchObject({ phase: "ready", scope: "course" });
    expect(series()?.points).toHaveLength(30);
  });

  it("is read at its end, at most every ten seconds, while the course moves; else not at all", async () => {
    await connected();
    for (let second = 1; second <= 60; second += 1) {
      moves(second);
      world.advance(1_000);
      await settle();
    }
    // 10 s and an eighth (the chance of this world) between two of them.
    expect(reads()).toHaveLength(1 + 5);
    expect(reads().at(-1)).toMatchObject({ from: "2026-11-22T17:58:00.000Z" });
    expect(series()?.points).toHaveLength(30);
    moves(61);
    world.advance(3_600_000);
    await settle();
    expect(reads()).toHaveLength(1 + 6);
    world.advance(3_600_000);
    expect(reads()).toHaveLength(1 + 6);
  });

  it("moves on with time and keeps its length", async () => {
    await connected();
    world.advance(5 * 60_000);
    moves(1);
    world.advance(0);
    await settle();
    expect(series()?.points).toHaveLength(30);
    expect(series()?.points[0]?.at).toBe("2026-11-22T17:36:00.000Z");
    expect(series()?.points.at(-1)?.at).toBe("2026-11-22T18:05:00.000Z");
  });

  it("is read whole again now and then, for what comes very late", async () => {
    await connected();
    for (let turn = 0; turn < 21; turn += 1) {
      moves(turn + 1);
      world.advance(13_000);
      await settle();
    }
    expect(reads().filter(isWhole)).toHaveLength(2);
  });

  it("is read whole soon when the course moves and its end does not, but not with each move", async () => {
    await connected();
    furnishLectern(world.peer, { metrics: metrics(0), rests: true });
    moves(1);
    world.advance(13_000);
    await settle();
    moves(2);
    world.advance(13_000);
    await settle();
    expect(reads()).toHaveLength(3);
    expect(reads().filter(isWhole)).toHaveLength(1);
    // Nothing moves any more: it is read all the same, once.
    world.advance(60_000);
    await settle();
    expect(reads()).toHaveLength(4);
    expect(reads().filter(isWhole)).toHaveLength(2);
    world.advance(3_600_000);
    await settle();
    expect(reads()).toHaveLength(4);
    for (let second = 3; second < 103; second += 1) {
      moves(second);
      world.advance(1_000);
      await settle();
    }
    expect(reads().filter(isWhole).length).toBeLessThanOrEqual(2 + 3);
  });

  it("of the class is not read whole for that", async () => {
    await connected();
    furnishLectern(world.peer, { metrics: metrics(0), rests: true, scope: "cohort" });
    for (const second of [1, 2]) {
      moves(second);
      world.advance(13_000);
      await settle();
    }
    world.advance(3_600_000);
    await settle();
    expect(reads()).toHaveLength(3);
  });

  it("is read once for all who want the same, and no more when nobody does", async () => {
    const stop = await connected();
    const again = service.follow(LIVE);
    service.follow({ ...LIVE, series: [] });
    await settle();
    expect(reads()).toHaveLength(1);
    stop();
    again();
    world.advance(0);
    moves(1);
    world.advance(60_000);
    expect(reads()).toHaveLength(1);
    expect(service.analytics.series).toEqual({});
  });

  it("that moved while it was read is read again, though it took long", async () => {
    await connected();
    world.peer.silence("metrics.series");
    moves(1);
    world.advance(12_000);
    expect(reads()).toHaveLength(2);
    moves(2);
    world.advance(12_000);
    expect(reads()).toHaveLength(2);
    const points = { metric: "events", bucket: "1m", scope: "course", points: [] };
    world.peer.answer("metrics.series", { ok: true, data: points });
    await settle();
    world.advance(12_000);
    expect(reads()).toHaveLength(3);
  });

  it("is not asked for while nobody is connected, nor twice at once", async () => {
    await connected();
    moves(1);
    world.peer.cut();
    world.advance(400);
    world.peer.silence("metrics.series");
    world.advance(20_000);
    await settle();
    world.peer.accept({ resumed: { "course:cs101": { epoch: "a", offset: 0, recovered: true } } });
    await settle();
    expect(reads()).toHaveLength(1);
    void service.reload(LIVE);
    void service.reload(LIVE);
    await settle();
    expect(reads()).toHaveLength(2);
  });

  it("says when it cannot be read, and is tried again when the course moves", async () => {
    service.connect("ada", "token");
    service.follow(LIVE);
    await settle();
    furnishLectern(world.peer, {});
    world.peer.silence("metrics.series");
    world.peer.accept();
    await settle();
    world.peer.answer("metrics.series", {
      ok: false,
      error: { code: "internal", message: "", retryable: false },
    });
    await settle();
    expect(series()).toMatchObject({ phase: "failed", error: expect.stringMatching(/went wrong/) });
    furnishLectern(world.peer, {});
    moves(1);
    world.advance(13_000);
    await settle();
    expect(series()).toMatchObject({ phase: "ready", error: null });
  });

  it("that the server does not give is not asked for again until somebody reloads", async () => {
    service.connect("ada", "token");
    service.follow(LIVE);
    await settle();
    furnishLectern(world.peer, {});
    world.peer.silence("metrics.series");
    world.peer.accept();
    await settle();
    const message = "the figures of the class come in buckets of 1h";
    world.peer.answer("metrics.series", { ok: false, error: { code: "invalid", message, retryable: false } });
    await settle();
    expect(series()).toMatchObject({ phase: "failed", error: expect.stringMatching(/buckets of 1h/) });
    moves(1);
    world.advance(60_000);
    expect(reads()).toHaveLength(1);
    furnishLectern(world.peer, {});
    await service.reload(LIVE);
    expect(series()).toMatchObject({ phase: "ready", error: null });
  });

  it("[SUB3] is read whole after a gap", async () => {
    await connected();
    world.peer.cut();
    world.advance(1_000);
    const resumed = { "course:cs101": { epoch: "b", offset: 3, recovered: false, reason: "epoch" as const } };
    world.peer.accept({ resumed });
    await settle();
    expect(world.peer.payloads("metrics.read")).toHaveLength(2);
    expect(reads()).toHaveLength(2);
    expect(reads()[1]).toMatchObject({ from: "2026-11-22T17:31:00.000Z" });
  });

  it("goes by the server's clock", async () => {
    service.connect("ada", "token");
    service.follow(LIVE);
    await settle();
    furnishLectern(world.peer, {});
    world.peer.accept({ server_time: "2026-11-23T18:00:00.000Z" });
    await settle();
    expect(reads()[0]).toMatchObject({ to: "2026-11-23T18:00:00.000Z" });
  });

  it("has no more points than the server gives", async () => {
    await connected({ ...LIVE, series: [{ ...EVENTS, bucket: "1h", points: 5_000 }] });
    const { from, to } = reads()[0] ?? {};
    expect((Date.parse(String(to)) - Date.parse(String(from))) / 3_600_000).toBe(999);
  });

  it("is joined bucket by bucket, the later answer holds", () => {
    const at = (second: number) => new Date(second * 1_000).toISOString();
    const known = [10, 20, 30].map((second) => ({ at: at(second), value: 1 }));
    const read = [20, 30, 40].map((second) => ({ at: at(second), value: 2 }));
    expect(joined(known, read, 10_000).map(({ value }) => value)).toEqual([1, 2, 2, 2]);
    expect(joined(known, read, 20_000)).toHaveLength(3);
    expect(joined(known, [], 0)).toEqual(known);
  });
});

describe("the trail of figures", () => {
  it("keeps the latest, oldest first, and no more than its bound", async () => {
    await connected();
    for (let second = 1; second <= MOST_TRAIL + 5; second += 1) moves(second);
    moves(3);
    moves(MOST_TRAIL + 5);
    const trail = shownData(service.analytics, LIVE)?.trail ?? [];
    expect(trail).toHaveLength(MOST_TRAIL);
    expect(new Set(trail.map(({ at }) => at)).size).toBe(MOST_TRAIL);
    expect(trail.at(-1)?.at).toBe(metrics(MOST_TRAIL + 5).at);
    expect(trail[0]?.at).toBe(metrics(6).at);
  });
});

describe("filters", () => {
  it("that mean the same have one name", () => {
    expect(filterKey({ courseId: "a" })).toBe(
      filterKey({
        courseId: "a",
        window: "1h",
        jobIds: [],
        lists: ["atRisk", "alerts", "jobs", "milestones"],
      }),
    );
    expect(filterKey({ jobIds: ["1", "2"] })).toBe(filterKey({ jobIds: ["2", "1"] }));
    expect(filterKey({ courseId: "a" })).not.toBe(filterKey({}));
    expect(filterKey({ series: [EVENTS] })).not.toBe(filterKey({}));
  });
});
