/** Annotations folded by revision: late reports, audiences lost and kept, and what is ours before the server has it. */

import { describe, expect, it } from "vitest";
import { annotation } from "../../../testing/scriptorium";
import {
  type AnnotationsState,
  annotationArrived,
  annotationGone,
  annotationsLoaded,
  audiencesKept,
  noAnnotations,
  pendingBegun,
  pendingSettled,
  placeHolder,
} from "./annotations";
import { audiencesOf, shownAnnotations, threadsOf } from "./view";

const ids = (state: AnnotationsState) => shownAnnotations(state).map(({ id }) => id);
const one = annotation("a1", { revision: 3 });

describe("annotations", () => {
  it("hold the highest revision, whatever comes in which order", () => {
    let state = annotationArrived(noAnnotations, annotation("a1", { revision: 5, body: "new" }));
    state = annotationArrived(state, one);
    expect(state.items["a1"]?.body).toBe("new");
    state = annotationGone(state, { id: "a1", revision: 6 });
    expect(ids(annotationArrived(state, annotation("a1", { revision: 5 })))).toEqual([]);
  });

  it("that move to another audience stay for those who are of both, whichever report comes first", () => {
    const before = annotationArrived(noAnnotations, one);
    const moved = annotation("a1", { revision: 4, visibility: "staff" });
    const gone = { id: "a1", revision: 4 };
    expect(ids(annotationGone(annotationArrived(before, moved), gone))).toEqual(["a1"]);
    expect(ids(annotationArrived(annotationGone(before, gone), moved))).toEqual(["a1"]);
    expect(ids(annotationGone(before, gone))).toEqual([]);
  });

  it("of an audience that we are of no more go", () => {
    const staff = annotation("a2", { visibility: "staff" });
    const state = annotationArrived(annotationArrived(noAnnotations, one), staff);
    expect(ids(audiencesKept(state, []))).toEqual(["a1"]);
  });

  it("are what the server says when the document is opened again, and what of ours is on its way", () => {
    const holder = placeHolder(
      { key: "k1", document_id: "7", body: "mine" },
      { id: "ada", name: "Ada" },
      "2026-11-23T05:00:00.000Z",
    );
    let state = annotationArrived(noAnnotations, one);
    state = pendingBegun(state, { kind: "create", key: "k1", annotation: holder });
    const known = new Set(["a1"]);
    state = annotationArrived(annotationArrived(state, annotation("a2")), annotation("late"));
    state = annotationsLoaded(state, [annotation("a2")], known);
    expect(ids(state)).toEqual(["a2", "late", "k1"]);
    const made = annotation("a3", { body: "mine", created_at: "2026-11-23T05:00:01.000Z" });
    const { target: _none, ...withoutTarget } = made;
    state = annotationArrived(state, withoutTarget);
    expect(ids(state)).toEqual(["a2", "late", "a3"]);
  });

  it("show what we change of them until it is settled", () => {
    let state = annotationArrived(noAnnotations, annotation("a1", { resolved_by: "ben", resolved_at: "x" }));
    state = pendingBegun(state, { kind: "change", key: "k1", id: "a1", fields: { body: "mine" } });
    state = pendingBegun(state, { kind: "change", key: "k2", id: "a1", fields: { resolved: false } });
    const [shown] = shownAnnotations(state);
    expect(shown).toMatchObject({ body: "mine", pending: true });
    expect(shown?.resolved_by).toBeUndefined();
    state = pendingBegun(state, { kind: "remove", key: "k3", id: "a1" });
    expect(ids(state)).toEqual([]);
    state = ["k1", "k2", "k3"].reduce(pendingSettled, state);
    expect(shownAnnotations(state)).toMatchObject([
      { body: "Body of a1", pending: false, resolved_by: "ben" },
    ]);
  });

  it("make threads: replies under the first, those of one that is gone nowhere", () => {
    const at = (second: number) => `2026-11-23T04:00:0${second}.000Z`;
    const all = [
      annotation("r2", { parent_id: "a1", created_at: at(3) }),
      annotation("r1", { parent_id: "a1", created_at: at(2) }),
      annotation("a2", { created_at: at(4) }),
      annotation("a1", { created_at: at(1) }),
      annotation("r3", { parent_id: "a9", created_at: at(5) }),
    ];
    const threads = threadsOf(shownAnnotations(all.reduce(annotationArrived, noAnnotations)));
    expect(threads.map((thread) => [thread.annotation.id, thread.replies.map(({ id }) => id)])).toEqual([
      ["a1", ["r1", "r2"]],
      ["a2", []],
    ]);
  });

  it("that were taken back head their thread as long as somebody's replies are there", () => {
    let state = annotationArrived(
      annotationArrived(noAnnotations, one),
      annotation("r1", { parent_id: "a1" }),
    );
    const heads = () => threadsOf(shownAnnotations(state)).map(({ annotation: head }) => head.state);
    state = annotationGone(state, annotation("a1", { revision: 4, state: "deleted", body: "" }));
    expect(heads()).toEqual(["deleted"]);
    state = annotationGone(state, { id: "r1", revision: 2 });
    expect(heads()).toEqual([]);
    state = annotationGone(state, { id: "a1", revision: 5 });
    expect(ids(state)).toEqual([]);
  });
});

describe("audiences", () => {
  it("are everybody, one's groups, staff, oneself", () => {
    const channels = ["document:7:staff", "user:ada", "document:7", "document:7:group:a:b"];
    expect(audiencesOf("7", channels)).toEqual(["course", "group:a:b", "staff", "private"]);
    expect(audiencesOf("7", [])).toEqual([]);
  });
});
