/** What one does with annotations and versions: shown at once, taken back when refused, kept over a reload. */

import { beforeEach, describe, expect, it } from "vitest";
import type { Annotation, Version } from "../../../contract";
import { annotation, Scriptorium } from "../../../testing/scriptorium";
import { settle, World } from "../../../testing/world";
import { CollaborationWebSocketService } from "../collaborationWebSocket";
import type { Answer } from "../protocol";
import { AnnotationConflict } from "./annotations";
import { shownAnnotations } from "./view";

let world: World;
let server: Scriptorium;
let service: CollaborationWebSocketService;

beforeEach(async () => {
  world = new World();
  server = new Scriptorium("Hegel");
  server.annotations = [annotation("a1")];
  service = new CollaborationWebSocketService({ environment: world });
  await come();
});

async function come(): Promise<void> {
  service.connect("ada", "token");
  service.openDocument("7");
  await import("./provider");
  await settle();
  server.furnish(world.peer, "ada");
  world.peer.accept({ user: { id: "ada", name: "Ada" } });
  await settle();
}

const shown = () => {
  const state = service.document("7");
  return state ? shownAnnotations(state.annotations) : [];
};
const bodies = () => shown().map(({ body, pending }) => (pending ? `(${body})` : body));
const ok = (one: Annotation): Answer => ({ ok: true, data: { annotation: one, duplicate: false } });
const refused: Answer = { ok: false, error: { code: "forbidden", message: "no", retryable: false } };
const target = { quote: { exact: "Hegel" } };
const last = (command: string) => world.peer.payloads(command).at(-1);
const LATER = "2026-11-23T05:00:00.000Z";

describe("an annotation", () => {
  it("shows at once, and is the server's once it has it, whether the event or the answer comes first", async () => {
    for (const first of ["event", "answer"]) {
      const body = `new by ${first}`;
      const made = annotation(first, { body, created_at: LATER });
      const asked = service.annotate("7", { target, body, tags: ["dialectic"] });
      expect(bodies()).toContain(`(${body})`);
      const event = () => server.say("annotation.created", made);
      if (first === "event") event();
      world.peer.answer("annotation.create", ok(made));
      if (first === "answer") event();
      expect((await asked).id).toBe(first);
      expect(bodies().filter((one) => one.includes(body))).toEqual([body]);
      expect(last("annotation.create")).toMatchObject({
        document_id: "7",
        body,
        tags: ["dialectic"],
        target,
      });
    }
  });

  it("is gone again when it is refused", async () => {
    const asked = service.annotate("7", { target, body: "no" });
    world.peer.answer("annotation.create", refused);
    await expect(asked).rejects.toMatchObject({ code: "forbidden" });
    expect(bodies()).toEqual(["Body of a1"]);
  });

  it("that waits without a connection shows after a reload of the page, and is sent under its key", async () => {
    world.peer.cut();
    service.annotate("7", { target, body: "offline" }).catch(() => undefined);
    service.disconnect();
    world.memoryLocks.held.clear();
    service = new CollaborationWebSocketService({ environment: world });
    service.connect("ada", "token");
    await settle();
    service.openDocument("7");
    await import("./provider");
    await settle();
    server.furnish(world.peer, "ada");
    world.peer.accept({ user: { id: "ada", name: "Ada" } });
    await settle();
    expect(bodies()).toEqual(["Body of a1", "(offline)"]);
    world.peer.answer("annotation.create", ok(annotation("a2", { body: "offline", created_at: LATER })));
    expect(bodies()).toEqual(["Body of a1", "offline"]);
  });

  it("is replied to in the audience of its thread", async () => {
    server.say("annotation.updated", annotation("a1", { revision: 2, visibility: "staff" }));
    const asked = service.reply("a1", "indeed");
    expect(last("annotation.create")).toMatchObject({ parent_id: "a1", visibility: "staff", body: "indeed" });
    expect(last("annotation.create")).not.toHaveProperty("target");
    const reply = annotation("r1", { parent_id: "a1", body: "indeed", created_at: LATER });
    world.peer.answer("annotation.create", ok(reply));
    await asked;
    const again = service.reply("r1", "to a reply");
    expect(last("annotation.create")).toMatchObject({ parent_id: "a1" });
    world.peer.answer("annotation.create", refused);
    await expect(again).rejects.toMatchObject({ code: "forbidden" });
  });

  it("that two change at once gives both versions to choose from", async () => {
    const asked = service.editAnnotation("a1", { body: "mine" });
    expect(bodies()).toEqual(["(mine)"]);
    expect(last("annotation.update")).toMatchObject({ annotation_id: "a1", base_revision: 1, body: "mine" });
    server.say("annotation.updated", annotation("a1", { revision: 2, body: "theirs" }));
    const details = { yours: { body: "mine" }, theirs: { body: "theirs" } };
    world.peer.answer("annotation.update", {
      ok: false,
      error: { code: "conflict", message: "changed", retryable: false, details },
    });
    const conflict = await asked.catch((error: unknown) => error);
    expect(conflict).toBeInstanceOf(AnnotationConflict);
    expect(conflict).toMatchObject({ ...details, annotation: { body: "theirs", revision: 2 } });
    expect(bodies()).toEqual(["theirs"]);
  });

  it("is resolved, opened again, anchored anew, an orphan, and taken back", async () => {
    const steps: [string, () => Promise<unknown>, Partial<Annotation>, object][] = [
      ["annotation.resolve", () => service.resolve("a1"), { resolved_by: "ada" }, { on: true }],
      ["annotation.resolve", () => service.resolve("a1", false), {}, { on: false }],
      ["annotation.reanchor", () => service.reanchor("a1", null), { orphaned: true }, {}],
      ["annotation.reanchor", () => service.reanchor("a1", target), { orphaned: false }, { target }],
    ];
    let revision = 1;
    for (const [command, act, seen, payload] of steps) {
      const asked = act();
      expect(shown()[0]).toMatchObject({ ...seen, pending: true });
      expect(last(command)).toMatchObject({ annotation_id: "a1", base_revision: revision, ...payload });
      revision += 1;
      world.peer.answer(command, ok(annotation("a1", { revision, ...seen })));
      await asked;
    }
    const removed = service.remove("a1");
    expect(bodies()).toEqual([]);
    world.peer.answer("annotation.delete", refused);
    await expect(removed).rejects.toMatchObject({ code: "forbidden" });
    expect(bodies()).toEqual(["Body of a1"]);
    const again = service.remove("a1");
    const { target: _place, ...gone } = annotation("a1", { revision: 9, state: "deleted" });
    world.peer.answer("annotation.delete", ok(gone));
    await again;
    expect(bodies()).toEqual([]);
    await expect(service.resolve("a1")).rejects.toMatchObject({ code: "not_found" });
  });

  it("of staff is gone at once for somebody who is staff no more", async () => {
    server.audiences = ["staff"];
    world.peer.cut();
    world.advance(5_000);
    world.peer.accept({ user: { id: "ada", name: "Ada" } });
    await settle();
    const note = annotation("a2", { visibility: "staff", created_at: LATER });
    const meta = { channel: "document:7:staff", epoch: "stream", offset: 1 };
    world.peer.say("annotation.created", note, meta);
    expect(bodies()).toEqual(["Body of a1", "Body of a2"]);
    world.peer.say("channel.closed", { reason: "forbidden" }, { channel: "document:7:staff" });
    expect(bodies()).toEqual(["Body of a1"]);
    expect(service.document("7")?.channels).toEqual(["document:7"]);
  });
});

const version = (number: number): Version => ({
  id: `v${number}`,
  document_id: "7",
  epoch: "e1",
  number,
  title: `Version ${number}`,
  editors: ["ada"],
  size: 10,
  saved_at: LATER,
});

describe("versions", () => {
  it("are loaded page by page, once each, and a new one is on top", async () => {
    const all = [5, 4, 3, 2, 1].map(version);
    world.peer.reply("version.list", ({ cursor }) => {
      const from = Number(cursor ?? 0);
      return {
        items: all.slice(from, from + 3),
        ...(from + 3 < all.length && { next_cursor: `${from + 3}` }),
      };
    });
    await Promise.all([service.loadVersions("7"), service.loadVersions("7")]);
    await Promise.all([service.loadMoreVersions("7"), service.loadMoreVersions("7")]);
    const numbers = () => service.document("7")?.versions.items.map((one) => one.number);
    expect(numbers()).toEqual([5, 4, 3, 2, 1]);
    expect(service.document("7")?.versions).toMatchObject({
      phase: "ready",
      cursor: null,
      loadingMore: false,
    });
    expect(world.peer.payloads("version.list")).toHaveLength(2);
    const saved = service.saveVersion("7", "Final");
    world.peer.answer("version.save", { ok: true, data: { version: version(6), duplicate: false } });
    await saved;
    const restored = service.restoreVersion("7", "v1");
    world.peer.answer("version.restore", {
      ok: true,
      data: { version: version(1), before: version(7), duplicate: false },
    });
    expect((await restored).number).toBe(7);
    expect(numbers()).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  it("say why there are none to see, and are loaded again when asked", async () => {
    const loading = service.loadVersions("7");
    world.peer.answer("version.list", refused);
    await loading;
    expect(service.document("7")?.versions).toMatchObject({ phase: "failed", error: "No." });
    world.peer.reply("version.list", () => ({ items: [] }));
    await service.loadVersions("7");
    expect(service.document("7")?.versions.phase).toBe("ready");
  });
});
