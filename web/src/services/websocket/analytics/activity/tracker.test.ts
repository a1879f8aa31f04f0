/** Time on task: only what was seen and worked on, once per person, within the bounds of the contract. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import { Browser, Desk } from "../../../../testing/desk";
import { settle } from "../../../../testing/world";
import { CommandError } from "../../errors";
import { ActivityTracker, IDLE_MS, MOST_MS, REPORT_MS, type TimeReport } from "./tracker";

const ESSAY = { courseId: "cs101", object: { id: "essay", type: "assignment" } };
const VIDEO = { courseId: "cs101", object: { id: "video", type: "video" }, verb: "played" as const };

let browser: Browser;
let desk: Desk;
let reports: TimeReport[];
let failed: unknown[];
let record: (report: TimeReport) => Promise<void>;

beforeEach(() => {
  browser = new Browser();
  desk = new Desk(browser);
  reports = [];
  failed = [];
  record = (report) => {
    reports.push(report);
    return Promise.resolve();
  };
});

function tracker(at = desk, user = "ada"): ActivityTracker {
  const made = new ActivityTracker(
    at,
    (report) => record(report),
    (error) => failed.push(error),
  );
  made.begin(user);
  return made;
}

const total = (id?: string) =>
  reports
    .filter(({ object }) => id === undefined || object.id === id)
    .reduce((sum, { duration_ms }) => sum + duration_ms, 0);

describe("what counts", () => {
  it("is the time of somebody who is there, told every 30 s and at the end", () => {
    const stop = tracker().track(ESSAY);
    desk.work(70_000);
    expect(reports).toHaveLength(2);
    for (const { duration_ms } of reports) expect(duration_ms).toBe(REPORT_MS);
    stop();
    expect(reports[2]).toEqual({
      course_id: "cs101",
      verb: "opened",
      object: ESSAY.object,
      duration_ms: 10_000,
    });
    expect(total()).toBe(70_000);
  });

  it("ends a minute after the last touch", () => {
    const stop = tracker().track(ESSAY);
    desk.work(10_000);
    browser.advance(3_600_000);
    stop();
    // The last touch was at 9 s.
    expect(total()).toBe(9_000 + IDLE_MS);
  });

  it("goes on with the next touch, without what lay between", () => {
    const stop = tracker().track(ESSAY);
    browser.advance(600_000);
    desk.work(5_000);
    stop();
    expect(total()).toBe(IDLE_MS + 5_000);
  });

  it("is not what nobody can see", () => {
    const stop = tracker().track(ESSAY);
    desk.work(5_000);
    desk.show(false);
    expect(total()).toBe(5_000);
    desk.work(600_000);
    desk.show(true);
    desk.work(3_000);
    stop();
    expect(total()).toBe(8_000);
  });

  it("is nothing where the page was never shown", () => {
    desk.visible = false;
    desk.playing = true;
    const stop = tracker().track(VIDEO);
    browser.advance(600_000);
    stop();
    expect(reports).toEqual([]);
  });

  it("is also the time in which a medium plays, and a minute after it", () => {
    const stop = tracker().track(VIDEO);
    desk.playing = true;
    browser.advance(600_000);
    desk.playing = false;
    browser.advance(600_000);
    stop();
    expect(total()).toBe(600_000 + IDLE_MS);
    expect(reports[0]).toMatchObject({ verb: "played" });
  });

  it("is not the sleep of the device", () => {
    const stop = tracker().track(VIDEO);
    desk.playing = true;
    browser.advance(10_000);
    browser.suspend(8 * 3_600_000);
    browser.advance(10_000);
    stop();
    expect(total()).toBeLessThanOrEqual(20_000);
    expect(total()).toBeGreaterThanOrEqual(10_000);
  });
});

describe("reports", () => {
  it("come at most every 30 s while the page is shown", () => {
    tracker().track(ESSAY);
    desk.work(600_000);
    expect(reports).toHaveLength(20);
  });

  it("come when the page is left, however little it was", () => {
    tracker().track(ESSAY);
    browser.advance(400);
    desk.show(false);
    expect(reports).toEqual([]);
    desk.leave();
    expect(total()).toBe(400);
  });

  it("that found no room are told with the next one", async () => {
    record = () => Promise.reject(new CommandError({ code: "overloaded", message: "", retryable: true }));
    const stop = tracker().track(ESSAY);
    desk.work(REPORT_MS);
    await settle();
    record = (report) => {
      reports.push(report);
      return Promise.resolve();
    };
    desk.work(REPORT_MS);
    stop();
    expect(total()).toBe(2 * REPORT_MS);
    expect(failed).toEqual([]);
  });

  it("that wait in the outbox are not told twice, and refused ones are reported", async () => {
    const kept = { code: "unavailable", message: "", retryable: true, details: { kept: true } } as const;
    record = () => Promise.reject(new CommandError(kept));
    const stop = tracker().track(ESSAY);
    desk.work(REPORT_MS);
    await settle();
    record = () => Promise.reject(new CommandError({ code: "forbidden", message: "", retryable: false }));
    stop();
    expect(failed).toEqual([]);
    tracker().track(ESSAY);
    desk.work(REPORT_MS);
    await settle();
    expect(failed).toHaveLength(1);
  });

  it("never say more than the contract allows", async () => {
    record = () => Promise.reject(new CommandError({ code: "overloaded", message: "", retryable: true }));
    const stop = tracker().track(VIDEO);
    desk.playing = true;
    for (let hour = 0; hour < 5; hour += 1) {
      for (let minute = 0; minute < 60; minute += 1) {
        browser.advance(60_000);
        await settle();
      }
    }
    record = (report) => {
      reports.push(report);
      return Promise.resolve();
    };
    stop();
    expect(total()).toBe(MOST_MS);
  });
});

describe("one person", () => {
  it("is counted in one tab: where they touched last", () => {
    const other = new Desk(browser);
    const stops = [tracker().track(ESSAY), tracker(other).track(VIDEO)];
    for (let turn = 0; turn < 10; turn += 1) {
      desk.touch();
      browser.advance(5_000);
      other.touch();
      browser.advance(5_000);
    }
    for (const stop of stops) stop();
    expect(total("essay")).toBe(50_000);
    expect(total("video")).toBe(50_000);
  });

  it("is another one than whoever signs in elsewhere", () => {
    const other = new Desk(browser);
    const stops = [tracker().track(ESSAY), tracker(other, "ben").track(VIDEO)];
    browser.advance(30_000);
    for (const stop of stops) stop();
    expect(total()).toBe(60_000);
  });

  it("works on one thing of a page at a time: what began last", () => {
    const made = tracker();
    const essay = made.track(ESSAY);
    desk.work(6_000);
    const video = made.track(VIDEO);
    desk.work(7_000);
    video();
    video();
    desk.work(2_000);
    essay();
    expect(total("essay")).toBe(8_000);
    expect(total("video")).toBe(7_000);
  });
});

describe("nobody", () => {
  it("is watched before somebody signs in, or after", () => {
    const made = new ActivityTracker(desk, record, vi.fn());
    const stop = made.track(ESSAY);
    expect(desk.watching.size).toBe(0);
    browser.advance(60_000);
    made.begin("ada");
    desk.work(5_000);
    made.end();
    expect(desk.watching.size + desk.tabs.size + desk.timers.size).toBe(0);
    desk.work(5_000);
    stop();
    expect(total()).toBe(5_000);
  });

  it("is watched when there is nothing to count", () => {
    const stop = tracker().track(ESSAY);
    expect([desk.watching.size, desk.tabs.size, desk.timers.size]).toEqual([1, 1, 1]);
    stop();
    expect([desk.watching.size, desk.tabs.size, desk.timers.size]).toEqual([0, 0, 0]);
  });
});
