/** The dashboard as a person meets it: by role and name, against a server's end in memory. */

import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { StrictMode } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Job } from "../contract";
import { CoursewireProvider } from "../hooks/CoursewireProvider";
import { frames } from "../testing/frames";
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
} from "../testing/lectern";
import { type Peer, World } from "../testing/world";
import { AnalyticsDashboard, type AnalyticsDashboardProps } from "./AnalyticsDashboard";

vi.mock("uplot", async () => ({ default: (await import("../testing/plot")).FakePlot }));

let world: World;
let peer: Peer;
beforeEach(() => {
  world = new World();
});

const thing = {
  object_id: "quiz-1",
  type: "quiz",
  name: "Quiz 1",
  events: 40,
  learners: 9,
  completed: 0,
  average_score: 0.82,
  time_on_task_s: 5_400,
};
const usual: Lectern = {
  jobs: [job(2, { stage: { label: "Scoring", index: 1, count: 2 } }), job(1, { state: "queued", done: 0 })],
  milestones: [milestone(1)],
  alerts: [alert(1), alert(2, { kind: "stalled_job", job_id: "j9" })],
  atRisk: [risk(1)],
  metrics: metrics(0, { average_score: 0.734, per_object: [thing] }),
};

const pass = () => frames(world);

/** What a learner is told: the staff's channel is not theirs, the figures are the cohort's. */
function asLearner(room: Lectern): void {
  furnishLectern(peer, room);
  peer.silence("subscribe");
}

async function letIn(): Promise<void> {
  const refused = { ok: false, error: { code: "forbidden", message: "staff", retryable: false } } as const;
  act(() => peer.answer("subscribe", refused));
  await pass();
  const data = { channel: "cohort:cs101", epoch: "a", offset: 0, recovered: false };
  act(() => peer.answer("subscribe", { ok: true, data }));
  await pass();
}

async function mount(props: Partial<AnalyticsDashboardProps> = {}): Promise<void> {
  const shown: AnalyticsDashboardProps = {
    courseId: "cs101",
    courses: { cs101: "CS101" },
    jobLink: (id) => `#/analytics/jobs/${id}`,
    ...props,
  };
  render(
    <StrictMode>
      <CoursewireProvider userId="ada" authToken="token" environment={world}>
        <AnalyticsDashboard {...shown} />
      </CoursewireProvider>
    </StrictMode>,
  );
  await pass();
  peer = world.of("/analytics");
}

async function open(room: Lectern = usual, props: Partial<AnalyticsDashboardProps> = {}, page = 50) {
  await mount(props);
  furnishLectern(peer, room, page);
  act(() => peer.accept());
  await pass();
  await pass();
}

const say = async (event: string, data: unknown, offset?: number): Promise<void> => {
  act(() => peer.say(event, data, offset === undefined ? latest() : logged(offset)));
  await pass();
};
const figure = (label: string): string | null =>
  screen.getByText(label, { selector: "dt" }).parentElement?.querySelector(".cw-tile-value")?.textContent ??
  null;
const bar = (name: string) => screen.getByRole("progressbar", { name });
const row = (name: string) =>
  screen.getByText(name, { selector: ".cw-job-title, strong" }).closest("li") as HTMLElement;

describe("figures", () => {
  it("keep their places while they are loaded, then move as they are said", async () => {
    await mount();
    expect(screen.getByText("Loading figures").parentElement?.getAttribute("aria-busy")).toBe("true");
    expect(screen.getByText("Connecting…")).toBeTruthy();
    furnishLectern(peer, usual);
    act(() => peer.accept());
    await pass();
    expect(screen.queryByText("Loading figures")).toBeNull();
    expect(screen.getByText("Live")).toBeTruthy();
    expect(figure("Active now")).toBe("12");
    expect(figure("Average score")).toBe("73%");
    expect(figure("Completion")).toBe("–");
    expect(figure("At risk")).toBe("2");
    await say("metrics.updated", metrics(1, { active_now: 15, time_on_task_s: 7_200 }));
    expect(figure("Active now")).toBe("15");
    expect(figure("Time on task")).toBe("2.0 h");
  });

  it("are of another window when it is chosen, by keyboard", async () => {
    const user = userEvent.setup();
    await open();
    const hour = screen.getByRole("radio", { name: "1 hour" });
    expect(hour.getAttribute("aria-checked")).toBe("true");
    act(() => hour.focus());
    await user.keyboard("{ArrowRight}{Enter}");
    await pass();
    expect(screen.getByRole("radio", { name: "1 day" }).getAttribute("aria-checked")).toBe("true");
    expect(peer.payloads("metrics.read").at(-1)).toMatchObject({ window: "1d" });
    // A second press chooses nothing else.
    await user.keyboard("{Enter}");
    expect(screen.getByRole("radio", { name: "1 day" }).getAttribute("aria-checked")).toBe("true");
  });

  it("are shown as a line of a metric, and as a table", async () => {
    const user = userEvent.setup();
    await open();
    expect(screen.getByRole("img", { name: /^Events per minute: latest/u })).toBeTruthy();
    await user.selectOptions(screen.getByLabelText("Metric"), "Time on task");
    await pass();
    expect(peer.payloads("metrics.series").at(-1)).toMatchObject({ metric: "time_on_task_s", bucket: "1m" });
    await user.click(screen.getByRole("tab", { name: "Table" }));
    const table = within(screen.getByRole("region", { name: "Time on task per minute" })).getByRole("table");
    expect(within(table).getAllByRole("row")).toHaveLength(61);
  });

  it("of each thing are a table", async () => {
    await open();
    const table = screen.getByRole("region", { name: "The busiest things" });
    expect(within(table).getByRole("row", { name: /Quiz 1/u }).textContent).toBe(
      "Quiz 1quiz940082%1 h 30 min",
    );
  });
});

describe("a learner", () => {
  const cohort = metrics(0, { scope: "cohort", active_now: 0, per_object: [thing] });

  it("sees own figures and the class's, and nothing of the staff's", async () => {
    await mount();
    const { at_risk: _staff, ...shown } = cohort;
    asLearner({ jobs: [job(3, { owner_id: "ada" })], metrics: shown });
    peer.reply("metrics.read", () => ({ metrics: shown, own: own() }));
    act(() => peer.accept());
    await pass();
    await letIn();
    expect(screen.getByRole("heading", { name: "You" })).toBeTruthy();
    expect(figure("Submitted")).toBe("3");
    expect(figure("Active now")).toBe("under 5");
    expect(screen.getByRole("row", { name: /Quiz 1/u }).textContent).toContain("under 5");
    expect(screen.getByRole("heading", { name: "Your jobs" })).toBeTruthy();
    for (const name of ["At risk", "Needs a look"]) expect(screen.queryByText(name)).toBeNull();
    expect(peer.payloads("risk.list")).toEqual([]);
    expect(peer.payloads("alert.list")).toEqual([]);
    expect(peer.payloads("metrics.series").at(-1)).toMatchObject({ bucket: "1h" });
  });

  it("is told why the figures of the class are withheld, and sees their own", async () => {
    await mount();
    asLearner({});
    peer.reply("metrics.read", () => ({ own: own() }));
    act(() => peer.accept());
    await pass();
    await letIn();
    expect(screen.getByText(/shown when at least 5 learners are active/u)).toBeTruthy();
    expect(figure("Completed")).toBe("4");
    expect(screen.queryByText("Active now")).toBeNull();
  });
});

const own = () => ({
  course_id: "cs101",
  user_id: "ada",
  window: "1h",
  at: "2026-11-22T18:00:00.000Z",
  events: 12,
  time_on_task_s: 600,
  completed: 4,
  submitted: 3,
});

describe("jobs", () => {
  it("have bars that say how far they are, and move", async () => {
    await open();
    expect(bar("Essays 2").getAttribute("aria-valuenow")).toBe("8.3");
    expect(bar("Essays 2").getAttribute("aria-valuetext")).toBe("Running, 8%, Scoring (1 of 2)");
    await say("job.progressed", job(2, { revision: 3, done: 60, percent: 50, attempt: 2 }));
    expect(bar("Essays 2").getAttribute("aria-valuenow")).toBe("50");
    expect(row("Essays 2").textContent).toContain("60 of 120");
    expect(row("Essays 2").textContent).toContain("attempt 2");
    await say("job.finished", ended(2, { state: "failed", error: "ValueError: no essays" }), 1);
    expect(row("Essays 2").textContent).toContain("Failed");
    expect(within(row("Essays 2")).getByText("ValueError: no essays")).toBeTruthy();
    expect(within(row("Essays 2")).queryByRole("button")).toBeNull();
    await say("job.progressed", job(5, { created_at: "2026-11-22T14:00:00.000Z" }));
    const names = screen.getAllByRole("progressbar").map((one) => one.getAttribute("aria-label"));
    expect(names).toEqual(["Essays 5", "Essays 2", "Essays 1"]);
  });

  it("end after a question, which shows at once and is taken back when refused", async () => {
    const user = userEvent.setup();
    await open();
    await user.click(screen.getByRole("button", { name: "Cancel Essays 2" }));
    const question = screen.getByRole("alertdialog", { name: "Cancel “Essays 2”?" });
    await user.click(within(question).getByRole("button", { name: "Let it run" }));
    expect(peer.payloads("job.cancel")).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Cancel Essays 2" }));
    await user.click(screen.getByRole("button", { name: "Cancel the job" }));
    await pass();
    expect(peer.payloads("job.cancel")).toMatchObject([{ job_id: "j2" }]);
    const button = within(row("Essays 2")).getByRole("button", { name: /^Cancelling…/u });
    expect(button.getAttribute("aria-disabled")).toBe("true");
    await user.click(button);
    expect(screen.queryByRole("alertdialog")).toBeNull();
    act(() =>
      peer.answer("job.cancel", {
        ok: false,
        error: { code: "forbidden", message: "this is not yours", retryable: false },
      }),
    );
    await pass();
    expect(within(row("Essays 2")).getByRole("alert").textContent).toBe("This is not yours.");
    expect(screen.getByRole("button", { name: "Cancel Essays 2" })).toBeTruthy();
  });

  it("that wait end without a question", async () => {
    const user = userEvent.setup();
    await open();
    await user.click(screen.getByRole("button", { name: "Cancel Essays 1" }));
    await pass();
    expect(peer.payloads("job.cancel")).toMatchObject([{ job_id: "j1" }]);
    const over: Job = job(1, { state: "cancelled", revision: 5, finished_at: "2026-11-22T12:02:00.000Z" });
    act(() => peer.answer("job.cancel", { ok: true, data: { job: over, duplicate: false } }));
    await pass();
    expect(row("Essays 1").textContent).toContain("Cancelled");
  });

  it("are few at first, and more when asked", async () => {
    const user = userEvent.setup();
    await open({ jobs: Array.from({ length: 40 }, (_, number) => job(40 - number)) }, {}, 20);
    expect(screen.getAllByRole("progressbar")).toHaveLength(8);
    await user.click(screen.getByRole("button", { name: "Show more jobs" }));
    await pass();
    expect(screen.getAllByRole("progressbar")).toHaveLength(33);
    await user.click(screen.getByRole("button", { name: "Show more jobs" }));
    await pass();
    expect(screen.getAllByRole("progressbar")).toHaveLength(40);
    expect(screen.queryByRole("button", { name: "Show more jobs" })).toBeNull();
  });

  it("open by themselves by a link, with all that is known, until closed", async () => {
    const user = userEvent.setup();
    const onJobClose = vi.fn();
    const done = ended(7, { result: { mean_score: 0.71 }, course_id: "cs101" });
    await open({ ...usual, jobs: [done] }, { jobId: "j7", onJobClose });
    const panel = screen.getByRole("dialog", { name: "Essays 7" });
    await act(() => peer.say("job.progressed", done, latest("job:j7")));
    await pass();
    expect(within(panel).getByText("mean score").nextSibling?.textContent).toBe("0.71");
    expect(within(panel).getByText("CS101")).toBeTruthy();
    await user.keyboard("{Escape}");
    expect(onJobClose).toHaveBeenCalledOnce();
  });

  it("that are not for us say so", async () => {
    await mount({ jobId: "j7" });
    asLearner({});
    act(() => peer.accept());
    await pass();
    const refused = peer.pending.findIndex(({ payload }) => payload["channel"] === "job:j7");
    act(() =>
      peer.pending.splice(refused, 1)[0]?.answer({
        ok: false,
        error: { code: "not_found", message: "no", retryable: false },
      }),
    );
    await pass();
    expect(within(screen.getByRole("dialog")).getByRole("alert").textContent).toMatch(/not here any more/u);
  });
});

describe("lists", () => {
  it("show milestones, alerts and who is at risk", async () => {
    await open();
    expect(row("Milestone 1").textContent).toContain("Ada Lovelace");
    expect(row("Cy may be at risk").textContent).toContain("no visit for 9 days");
    expect(screen.getByRole("link", { name: "See the job" }).getAttribute("href")).toBe(
      "#/analytics/jobs/j9",
    );
    const learner = screen.getByRole("row", { name: /Learner 1/u });
    expect(learner.textContent).toContain("no visit for 9 days");
    expect(learner.textContent).toContain("Never");
    await say(
      "milestone.reached",
      milestone(2, { title: "All handed in", user_name: undefined as never }),
      1,
    );
    expect(screen.getByText("All handed in")).toBeTruthy();
  });

  it("say when there is nothing", async () => {
    await open({ metrics: metrics(0) });
    for (const words of [
      /no jobs/u,
      /Nothing has been reached/u,
      /Nothing needs a look/u,
      /Nobody is at risk/u,
    ])
      expect(screen.getByText(words)).toBeTruthy();
    expect(screen.queryByText("What is worked on")).toBeNull();
  });

  it("that fail say so, and are loaded again", async () => {
    const user = userEvent.setup();
    await mount();
    furnishLectern(peer, usual);
    peer.silence("milestone.list");
    act(() => peer.accept());
    await pass();
    act(() =>
      peer.answer("milestone.list", {
        ok: false,
        error: { code: "internal", message: "", retryable: false },
      }),
    );
    await pass();
    const failed = screen.getByRole("alert");
    expect(failed.textContent).toContain("The milestones could not be loaded.");
    furnishLectern(peer, usual);
    await user.click(within(failed).getByRole("button", { name: "Try again" }));
    await pass();
    expect(screen.getByText("Milestone 1")).toBeTruthy();
  });
});

describe("the connection", () => {
  it("that is lost leaves what is there, says of when it is, and comes back", async () => {
    await open();
    act(() => peer.cut());
    await pass();
    expect(await screen.findByText(/^As of .*, not live$/u)).toBeTruthy();
    expect(figure("Active now")).toBe("12");
    expect(bar("Essays 2")).toBeTruthy();
    world.advance(2_000);
    await pass();
    const again = world.of("/analytics");
    furnishLectern(again, { ...usual, metrics: metrics(5, { active_now: 19 }) });
    act(() => again.accept());
    await pass();
    await pass();
    await waitFor(() => expect(screen.getByText("Live")).toBeTruthy());
  });

  it("that is refused says why, with a way to try again", async () => {
    const user = userEvent.setup();
    await mount();
    act(() => peer.refuse({ code: "disabled", message: "off", retryable: false }));
    await pass();
    const refusal = screen.getByRole("alert");
    expect(refusal.textContent).toContain("switched off");
    const connects = () => world.peers.reduce((sum, one) => sum + one.connects, 0);
    const before = connects();
    await user.click(within(refusal).getByRole("button", { name: "Try again" }));
    await pass();
    expect(connects()).toBe(before + 1);
  });

  it("to a course that is not ours fails in words", async () => {
    const user = userEvent.setup();
    await mount({ courseId: "x9" });
    asLearner({});
    act(() => peer.accept());
    await pass();
    const refuse = async () => {
      act(() =>
        peer.answer("subscribe", {
          ok: false,
          error: { code: "not_found", message: "no", retryable: false },
        }),
      );
      await pass();
    };
    await refuse();
    expect(screen.getByRole("alert").textContent).toContain("x9 could not be loaded.");
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await pass();
    expect(screen.getByText("Loading figures")).toBeTruthy();
    await refuse();
    expect(screen.getByRole("alert").textContent).toContain("x9 could not be loaded.");
  });
});

describe("the page", () => {
  it("has one live region that says little", async () => {
    await open();
    expect(screen.getAllByRole("status")).toHaveLength(1);
    expect(screen.getByRole("status").textContent).toBe("");
  });

  it("offers the courses that one has", async () => {
    const user = userEvent.setup();
    const onCourseChange = vi.fn();
    await open(usual, { courses: { cs101: "CS101", ma2: "Analysis 2" }, onCourseChange });
    await user.selectOptions(screen.getByLabelText("Course"), "Analysis 2");
    expect(onCourseChange).toHaveBeenCalledWith("ma2");
  });

  it("without a course shows what is one's own", async () => {
    await open({ jobs: [job(1)], milestones: [milestone(1)] }, { courseId: null });
    expect(screen.getByRole("heading", { name: "Your jobs" })).toBeTruthy();
    expect(bar("Essays 1")).toBeTruthy();
    expect(screen.queryByText("Active now")).toBeNull();
    expect(peer.payloads("metrics.read")).toEqual([]);
  });
});
