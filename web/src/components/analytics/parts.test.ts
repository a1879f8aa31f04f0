/** Figures, progress, lines and announcements in words. */

import { describe, expect, it } from "vitest";
import { alert, ended, job, metrics, milestone } from "../../testing/lectern";
import { bucketsOf, lonely, plotData, stepsOf, summary, tickTime, unitOf } from "./charting";
import { compact, metricValue, rate, share, shortSpan, timeSpan } from "./figures";
import { FIGURES_MS, GAP_MS, Narrator, type Scene } from "./narrating";
import { etaWords, progressWords, resultLines, stageWords, stateWords, timeWords } from "./progress";

const NOW = Date.parse("2026-11-22T12:30:00.000Z");
const earlier = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString();

describe("figures", () => {
  it.each([
    [0, "0 s"],
    [59.4, "59 s"],
    [60, "1 min"],
    [3_540, "59 min"],
    [3_600, "1 h"],
    [12_000, "3 h 20 min"],
    [446_400, "124 h"],
  ])("says %d seconds as %s", (seconds, words) => {
    expect(timeSpan(seconds)).toBe(words);
  });

  it("says less of what is large, and nothing of what is not known", () => {
    expect([rate(0.44), rate(44.46), rate(120.4)]).toEqual(["0.4", "44.5", "120"]);
    expect([shortSpan(90), shortSpan(3_580), shortSpan(30_300)]).toEqual(["2 min", "1.0 h", "8.4 h"]);
    expect([compact(0.5), compact(950), compact(1_200)]).toEqual(["0.5", "950", "1.2K"]);
    expect([share(0.734), share(0), share(undefined), share(null)]).toEqual(["73%", "0%", "–", "–"]);
    expect(metricValue("average_score", 0.7)).toBe("70%");
    expect(metricValue("time_on_task_s", 90)).toBe("2 min");
    expect(metricValue("events", undefined)).toBe("–");
  });
});

describe("progress", () => {
  it("says stage, remaining time and state as people do", () => {
    const running = job(1, {
      percent: 42.9,
      stage: { label: "Scoring", index: 2, count: 3 },
      eta_s: 200,
      heartbeat_at: earlier(20),
    });
    expect(progressWords(running, NOW)).toBe("Running, 42%, Scoring (2 of 3), about 3 min left");
    expect(stageWords(job(1, { stage: { label: "Reading" } }))).toBe("Reading");
    expect(stageWords(job(1, { stage: { label: "Reading", index: 2 } }))).toBe("Reading (2)");
    expect(stateWords(job(1, { cancel_requested: true }))).toBe("Cancelling…");
    expect(stateWords(ended(1, { state: "cancelled", cancel_requested: true }))).toBe("Cancelled");
    expect(progressWords(job(1, { state: "stalled", percent: 8 }), NOW)).toBe("No sign of life, 8%");
    const { percent: _percent, total: _total, ...unknown } = job(1, { state: "queued" });
    expect(progressWords(unknown, NOW)).toBe("Waiting, 10 done");
  });

  it.each([
    [200, 20, "about 3 min left"],
    [60, 17, "about 50 s left"],
    [60, 55, "a few seconds left"],
    [60, 61, "a few seconds left"],
    [60, 80, "taking longer than expected"],
  ])("of %d s estimated %d s ago it says: %s", (eta_s, ago, words) => {
    expect(etaWords(job(1, { eta_s, heartbeat_at: earlier(ago) }), NOW)).toBe(words);
  });

  it("promises nothing of what does not run", () => {
    expect(etaWords(job(1, { eta_s: 60, state: "stalled", heartbeat_at: earlier(5) }), NOW)).toBe("");
    expect(etaWords(job(1), NOW)).toBe("");
  });

  it("says how long it has taken, and what came out", () => {
    expect(timeWords(job(1, { started_at: earlier(125) }), NOW)).toBe("for 2 min");
    expect(timeWords(ended(1, { started_at: earlier(125), finished_at: earlier(80) }), NOW)).toBe(
      "took 45 s",
    );
    const result = { mean_score: 0.73456, pages: 12, by: "model a", worst: ["essay 3"] };
    expect(resultLines(ended(1, { result }))).toEqual([
      ["mean score", "0.735"],
      ["pages", "12"],
      ["by", "model a"],
      ["worst", '["essay 3"]'],
    ]);
    expect(resultLines(job(1))).toEqual([]);
  });
});

describe("lines", () => {
  it("have ticks that are told apart, however short the buckets are", () => {
    const noon = Date.parse("2026-11-22T12:00:00.000Z");
    for (const bucket of ["10s", "1m"] as const)
      for (const step of (stepsOf(bucket) ?? [0]).filter((step) => step < 86_400))
        expect(tickTime(noon + step * 1_000, bucket)).not.toBe(tickTime(noon, bucket));
  });

  const at = (minute: number) => `2026-11-22T12:${String(minute).padStart(2, "0")}:00.000Z`;
  const points = [{ at: at(1), value: 120 }, { at: at(2) }, { at: at(3), value: 60 }];

  it("has a bucket for each window; the class as a whole is shown by the hour", () => {
    expect(bucketsOf("5m", "course")).toEqual({ bucket: "10s", points: 30 });
    expect(bucketsOf("7d", "course")).toEqual({ bucket: "1h", points: 168 });
    expect(bucketsOf("5m", "cohort")).toEqual({ bucket: "1h", points: 24 });
    expect(bucketsOf("7d", "cohort")).toEqual({ bucket: "1h", points: 168 });
  });

  it("is in the unit of its axis, with gaps where nothing is known", () => {
    const [times, values] = plotData(points, "time_on_task_s", "1m", NOW);
    expect(times[0]).toBe(Date.parse(at(1)) / 1_000);
    expect(values).toEqual([2, null, 1]);
    expect(plotData(points, "time_on_task_s", "1h", 2 * NOW)[1][0]).toBeCloseTo(1 / 30);
    expect(unitOf("average_score", "1m")).toEqual({ factor: 100, mark: "%", least: 100 });
  });

  it("keeps the bucket that runs apart, which is less than it will be", () => {
    const now = Date.parse(at(3)) + 20_000;
    const [, whole, running] = plotData(
      [...points.slice(0, 1), { at: at(2), value: 90 }, ...points.slice(2)],
      "events",
      "1m",
      now,
    );
    expect(whole).toEqual([120, 90, null]);
    expect(running).toEqual([null, 90, 60]);
    expect(plotData(points, "events", "1m", NOW)[2]).toEqual([null, null, null]);
    expect(summary(points, "events", "1m", now)).toMatchObject({
      isRunning: true,
      words: expect.stringContaining("so far"),
    });
  });

  it("shows a value between two gaps as a point", () => {
    expect(lonely([null, 3, null, 4, 5, null, 6])).toEqual([1, 6]);
    expect(lonely([null, 4, 5, null])).toBeNull();
    expect(lonely([])).toBeNull();
  });

  it("is said in words", () => {
    const said = summary(points, "events", "1m", NOW);
    expect(said.words).toMatch(/^Events per minute: latest 60 at .*03.*, highest 120 at .*01/u);
    expect(said.latest?.value).toBe(60);
    expect(summary([{ at: at(1) }], "events", "1m", NOW).words).toBe("Events: nothing yet.");
  });
});

describe("announcements", () => {
  const scene: Scene = {
    isReady: true,
    isLive: true,
    metrics: metrics(0),
    jobs: [job(1), job(2)],
    milestones: [milestone(1)],
    alerts: [],
  };

  function narrator(): Narrator {
    const made = new Narrator();
    made.see({ ...scene, isReady: false, jobs: [] }, 0);
    made.see(scene, 0);
    return made;
  }

  it("say nothing of what is there at first, nor of what moves on", () => {
    const made = narrator();
    made.see({ ...scene, jobs: [job(1, { done: 20 }), job(2), ended(3)] }, 10);
    expect(made.say(10)).toBeNull();
    expect(made.say(FIGURES_MS + 1)).toBeNull();
  });

  it("say news together, and not before the last was heard", () => {
    const made = narrator();
    made.see({ ...scene, jobs: [ended(1), job(2)], milestones: [milestone(2), milestone(1)] }, 10);
    expect(made.say(10)).toBe("Essays 1 is done. Reached: Milestone 2, Ada Lovelace.");
    made.see({ ...scene, jobs: [ended(1), ended(2, { state: "failed" })], alerts: [alert(1)] }, 20);
    expect(made.say(GAP_MS)).toBeNull();
    expect(made.say(10 + GAP_MS)).toBe("Essays 2 failed. At risk: Cy, no visit for 9 days.");
    expect(made.say(9 * GAP_MS)).toBeNull();
  });

  it("are bounded: of a flood the rest is counted", () => {
    const made = narrator();
    const many = Array.from({ length: 10 }, (_, index) => milestone(20 - index));
    made.see({ ...scene, milestones: [...many, milestone(1)] }, 10);
    const words = made.say(10);
    expect(words?.match(/Reached/gu)).toHaveLength(3);
    expect(words).toMatch(/And 7 more\.$/u);
  });

  it("leave out what an older page brings", () => {
    const made = narrator();
    made.see({ ...scene, milestones: [milestone(1), milestone(0)], jobs: [...scene.jobs, ended(0)] }, 10);
    expect(made.say(10)).toBeNull();
  });

  it("say figures once a minute, when they have changed", () => {
    const made = narrator();
    made.see({ ...scene, metrics: metrics(1, { active_now: 14 }) }, 1_000);
    expect(made.say(1_000)).toBeNull();
    expect(made.say(FIGURES_MS)).toBe("14 active now, 44.5 events per minute.");
    made.see({ ...scene, metrics: metrics(2, { active_now: 14 }) }, FIGURES_MS + 1);
    expect(made.say(3 * FIGURES_MS)).toBeNull();
  });

  it("say that the connection is lost, and back", () => {
    const made = narrator();
    made.see({ ...scene, isLive: false }, 10);
    expect(made.say(10)).toBe("The connection is lost: the figures stand still.");
    made.see(scene, 20);
    expect(made.say(10 + GAP_MS)).toBe("Live again.");
  });
});
