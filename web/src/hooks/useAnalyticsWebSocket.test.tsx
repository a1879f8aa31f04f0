/** The hook under StrictMode: one connection, one load, stable callbacks, nothing left after the last unmount. */

import { act, render, renderHook } from "@testing-library/react";
import { type ReactNode, StrictMode, useEffect } from "react";
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import type { Job, Metrics } from "../contract";
import type { AnalyticsFilters } from "../services/websocket/analytics/filters";
import type { AnalyticsUpdate } from "../services/websocket/analytics/updates";
import type { AnalyticsData, ProgressUpdate } from "../services/websocket/analytics/view";
import type { AnalyticsWebSocketService } from "../services/websocket/analyticsWebSocket";
import type { AuthToken } from "../services/websocket/token";
import { Desk } from "../testing/desk";
import { around, frames } from "../testing/frames";
import {
  alert,
  ended,
  furnishLectern,
  job,
  latest,
  logged,
  metrics,
  milestone,
  risk,
} from "../testing/lectern";
import { settle, World } from "../testing/world";
import { CoursewireProvider, useCoursewire } from "./CoursewireProvider";
import { type AnalyticsResult, useAnalyticsWebSocket, useTimeOnTask } from "./useAnalyticsWebSocket";
import { useConnectionStatus } from "./useConnectionStatus";

let world: World;
beforeEach(() => {
  world = new World();
});

const room = {
  jobs: [job(2), job(1)],
  milestones: [milestone(1)],
  alerts: [alert(1)],
  atRisk: [risk(1)],
  metrics: metrics(0),
};

const Within = around(() => ({ world }));

const pass = () => frames(world);

async function accept(): Promise<void> {
  await act(settle);
  for (const peer of world.peers) {
    furnishLectern(peer, room);
    if (!peer.released) act(() => peer.accept());
  }
  await pass();
}

const ofCourse = () => ({
  analytics: useAnalyticsWebSocket({ courseId: "cs101" }),
  coursewire: useCoursewire(),
  status: useConnectionStatus(),
});

describe("useAnalyticsWebSocket", () => {
  it("connects once, loads once, and follows what is said", async () => {
    const { result } = renderHook(ofCourse, { wrapper: Within });
    expect(result.current.analytics).toMatchObject({ phase: "loading", isConnected: false, stale: false });
    await accept();
    expect(world.peers.filter(({ released }) => !released)).toHaveLength(1);
    for (const command of ["job.list", "milestone.list", "alert.list", "risk.list", "metrics.read"])
      expect(world.peer.payloads(command), command).toHaveLength(1);
    expect(result.current.analytics).toMatchObject({
      phase: "ready",
      scope: "course",
      isConnected: true,
      stale: false,
      metrics: { active_now: 12 },
      jobs: [{ id: "j2" }, { id: "j1" }],
      milestones: [{ id: "ms1" }],
      alerts: [{ id: "al1" }],
      atRisk: [{ user_id: "u1" }],
    });
    act(() => {
      world.peer.say("job.progressed", job(2, { done: 60, revision: 3 }), latest());
      world.peer.say("metrics.updated", metrics(1, { active_now: 13 }), latest());
    });
    await pass();
    expect(result.current.analytics.progressUpdates.get("j2")?.done).toBe(60);
    expect(result.current.analytics.jobs[0]?.done).toBe(60);
    expect(result.current.analytics.metrics?.active_now).toBe(13);
    expect(result.current.analytics.trail.map(({ active_now }) => active_now)).toEqual([12, 13]);
    expect(result.current.status.namespaces).toMatchObject({ "/analytics": { state: "connected" } });
  });

  it("gives the same jobs and series while only figures change, and others when they do", async () => {
    const filters = { courseId: "cs101", series: [{ metric: "events", bucket: "1m" }] } as const;
    const { result } = renderHook(() => useAnalyticsWebSocket(filters), { wrapper: Within });
    await accept();
    const { jobs, series, analyticsData } = result.current;
    expect([jobs.length, series.length]).toEqual([2, 1]);
    act(() => world.peer.say("metrics.updated", metrics(1, { active_now: 13 }), latest()));
    await pass();
    expect(result.current.metrics?.active_now).toBe(13);
    expect(result.current.analyticsData).not.toBe(analyticsData);
    expect(result.current.jobs).toBe(jobs);
    expect(result.current.series).toBe(series);
    act(() => world.peer.say("job.progressed", job(2, { done: 60, revision: 3 }), latest()));
    await pass();
    expect(result.current.jobs[0]?.done).toBe(60);
    expect(result.current.series).toBe(series);
  });

  it("subscribes when it is told to, and the last filter holds", async () => {
    const { result } = renderHook(() => useAnalyticsWebSocket(), { wrapper: Within });
    await accept();
    expect(result.current.analyticsData).toBeUndefined();
    let first = () => {};
    act(() => {
      first = result.current.subscribeToAnalytics();
    });
    await pass();
    expect(result.current.analyticsData).toMatchObject({ courseId: null, scope: "own", phase: "ready" });
    let second = () => {};
    act(() => {
      second = result.current.subscribeToAnalytics({ courseId: "cs101", lists: ["jobs"] });
    });
    await pass();
    expect(result.current.analyticsData).toMatchObject({ courseId: "cs101", scope: "course" });
    act(first);
    expect(result.current.analyticsData).toMatchObject({ courseId: "cs101" });
    act(second);
    await pass();
    expect(result.current.analyticsData).toBeUndefined();
    expect(world.peer.payloads("unsubscribe")).toContainEqual({ channel: "course:cs101" });
  });

  it("works as the story has it, within an effect", async () => {
    function Story() {
      const { analyticsData, progressUpdates, isConnected, subscribeToAnalytics } = useAnalyticsWebSocket();
      useEffect(() => subscribeToAnalytics({ courseId: "cs101" }), [subscribeToAnalytics]);
      return `${isConnected} ${analyticsData?.metrics?.active_now} ${progressUpdates.size}`;
    }
    const { container } = render(<Story />, { wrapper: Within });
    await accept();
    expect(container.textContent).toBe("true 12 2");
    expect(world.peer.payloads("subscribe")).toEqual([{ channel: "course:cs101" }]);
  });

  it("shares a course between components, and leaves it with the last one", async () => {
    const Who = () => useAnalyticsWebSocket({ courseId: "cs101" }).jobs.length;
    const two = (
      <>
        <Who />
        <Who />
      </>
    );
    const { rerender, container } = render(two, { wrapper: Within });
    await accept();
    expect(world.peer.payloads("job.list")).toHaveLength(1);
    rerender(<Who />);
    await pass();
    expect(container.textContent).toBe("2");
    expect(world.peer.payloads("unsubscribe")).toEqual([]);
  });

  it("is stale without a connection, and says so no longer after it came back", async () => {
    const { result } = renderHook(ofCourse, { wrapper: Within });
    await accept();
    act(() => world.peer.cut());
    expect(result.current.analytics).toMatchObject({ stale: true, isConnected: false, jobs: [{}, {}] });
    act(() => {
      world.advance(400);
      world.peer.accept({ resumed: { "course:cs101": { epoch: "a", offset: 0, recovered: true } } });
    });
    await pass();
    expect(result.current.analytics).toMatchObject({ stale: false, isConnected: true });
    expect(world.peer.payloads("job.list")).toHaveLength(1);
  });

  it("gives the same functions at every render", async () => {
    const { result } = renderHook(ofCourse, { wrapper: Within });
    const functions = (of: AnalyticsResult) =>
      Object.fromEntries(Object.entries(of).filter(([, value]) => typeof value === "function"));
    const before = functions(result.current.analytics);
    await accept();
    act(() => world.peer.say("job.finished", ended(2), logged(1)));
    await pass();
    expect(result.current.analytics.jobs[0]?.state).toBe("succeeded");
    expect(functions(result.current.analytics)).toEqual(before);
    expect(Object.keys(before)).toHaveLength(13);
  });

  it("leaves no listener, timer or socket after unmount", async () => {
    const { result, unmount } = renderHook(ofCourse, { wrapper: Within });
    await accept();
    const { analytics } = result.current.coursewire;
    unmount();
    await act(async () => {
      world.advance(0);
      await settle();
    });
    expect(analytics.store.listeners).toBe(0);
    expect(analytics.listeners).toBe(0);
    expect(world.peer.released).toBe(true);
    expect(analytics.analytics.scopes).toEqual({});
    world.advance(100);
    expect(world.timers.size).toBe(0);
  });

  it("has the names and types of the story", () => {
    expectTypeOf<AnalyticsWebSocketService["connect"]>().parameters.toEqualTypeOf<[string, AuthToken]>();
    expectTypeOf<AnalyticsWebSocketService["subscribeToAnalyticsUpdates"]>().toBeCallableWith(
      (update: AnalyticsUpdate) => void update,
    );
    expectTypeOf<AnalyticsWebSocketService["subscribeToProgressUpdates"]>().parameters.toEqualTypeOf<
      [string, (progress: ProgressUpdate) => void]
    >();
    expectTypeOf<AnalyticsWebSocketService["subscribeToProgressUpdates"]>().returns.toEqualTypeOf<
      () => void
    >();
    expectTypeOf<AnalyticsWebSocketService["unsubscribe"]>().toBeCallableWith("metrics.updated");
    // @ts-expect-error: no such event
    expectTypeOf<AnalyticsWebSocketService["unsubscribe"]>().toBeCallableWith("metrics.update");
    expectTypeOf<AnalyticsWebSocketService["disconnect"]>().toEqualTypeOf<() => void>();
    expectTypeOf<Extract<AnalyticsUpdate, { event: "metrics.updated" }>["data"]>().toEqualTypeOf<Metrics>();
    expectTypeOf(useAnalyticsWebSocket).toBeCallableWith();
    expectTypeOf<AnalyticsResult["analyticsData"]>().toEqualTypeOf<AnalyticsData | undefined>();
    expectTypeOf<AnalyticsResult["progressUpdates"]>().toEqualTypeOf<Map<string, Job>>();
    expectTypeOf<AnalyticsResult["isConnected"]>().toEqualTypeOf<boolean>();
    expectTypeOf<AnalyticsResult["subscribeToAnalytics"]>()
      .parameter(0)
      .toEqualTypeOf<AnalyticsFilters | undefined>();
    expectTypeOf<AnalyticsResult["metrics"]>().toEqualTypeOf<Metrics | null>();
  });
});

describe("useTimeOnTask", () => {
  it("counts once under StrictMode, while mounted, and tells it at the end", async () => {
    const desk = new Desk();
    const essay = { courseId: "cs101", object: { id: "essay", type: "assignment" } };
    const within = ({ children }: { children: ReactNode }) => (
      <StrictMode>
        <CoursewireProvider userId="ada" authToken="token" environment={world} activity={desk}>
          {children}
        </CoursewireProvider>
      </StrictMode>
    );
    const { rerender, unmount } = renderHook(({ of }) => useTimeOnTask(of), {
      wrapper: within,
      initialProps: { of: essay as typeof essay | null },
    });
    await accept();
    act(() => desk.work(4_000));
    rerender({ of: { ...essay } });
    act(() => desk.work(4_000));
    rerender({ of: null });
    act(() => desk.work(60_000));
    await pass();
    expect(world.peer.payloads("activity.record")).toMatchObject([
      { duration_ms: 8_000, object: essay.object },
    ]);
    rerender({ of: essay });
    act(() => desk.work(2_000));
    unmount();
    expect(world.peer.payloads("activity.record")).toHaveLength(2);
    world.advance(100);
    expect(desk.watching.size).toBe(0);
  });
});
