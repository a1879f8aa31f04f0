/** What else becomes of a document that is open: notes of groups and staff, as one comes into them and leaves; its title. */

import { afterEach, beforeEach, expect, it } from "vitest";
import { Doc } from "yjs";
import { annotation, Scriptorium, textIn } from "../../../testing/scriptorium";
import { settle, World } from "../../../testing/world";
import { CollaborationWebSocketService } from "../collaborationWebSocket";
import type { Answer } from "../protocol";
import { LET_IN_MS } from "./patience";

const RED = "document:7:group:red";
const META = { channel: "user:ada" };
const redNote = (id: string, patch = {}) => annotation(id, { visibility: "group:red", ...patch });

let server: Scriptorium;
let world: World;
let service: CollaborationWebSocketService;

beforeEach(async () => {
  server = new Scriptorium("Hegel");
  server.annotations = [annotation("all")];
  world = new World();
  service = new CollaborationWebSocketService({ environment: world });
  service.connect("ada", "token");
  service.openDocument("7");
  await import("./provider");
  await settle();
  server.furnish(world.peer, "ada");
  world.peer.reply("subscribe", ({ channel }) => ({ channel, epoch: "s", offset: 3, recovered: false }));
  world.peer.accept({ user: { id: "ada", name: "ada" } });
  await settle();
});
afterEach(() => service.disconnect());

const state = () => {
  const found = service.document("7");
  if (!found) throw new Error("the document is not open");
  return found;
};
const notes = () => Object.keys(state().annotations.items).sort();
const say = (...channels: string[]) =>
  world.peer.say("document.channels", { document_id: "7", channels: ["document:7", ...channels] }, META);

it("[ANN1] who comes into a group reads what was written there, and hears of it, in the document that is open", async () => {
  const { doc } = state();
  say(RED);
  await settle();
  expect(state().channels).toEqual(["document:7", RED]);
  expect(world.peer.payloads("subscribe")).toEqual([{ channel: RED }]);
  world.peer.say("annotation.deleted", { id: "gone", document_id: "7", revision: 2 }, { channel: RED });
  const items = [annotation("all"), redNote("some"), redNote("gone")];
  const groups = [{ id: "red", title: "Team Red" }];
  world.peer.answer("annotation.list", { ok: true, data: { items, groups } });
  await settle();
  expect(notes()).toEqual(["all", "some"]);
  expect(state().groups).toEqual({ red: "Team Red" });
  world.peer.say("annotation.created", redNote("new"), { channel: RED, epoch: "s", offset: 4 });
  expect(notes()).toEqual(["all", "new", "some"]);
  expect(state().doc).toBe(doc);
  expect(world.peer.payloads("document.open")).toHaveLength(1);
});

it("[ANN1] who is in a group no more sees none of its notes any more", async () => {
  world.peer.reply("annotation.list", () => ({ items: [annotation("all"), redNote("some")] }));
  say(RED);
  await settle();
  expect(notes()).toEqual(["all", "some"]);
  say();
  expect(notes()).toEqual(["all"]);
  expect(state().channels).toEqual(["document:7"]);
});

it("[ANN1] who is of the staff no more sees what is for their own groups, and of no other", async () => {
  const others = annotation("others", { visibility: "group:blue" });
  world.peer.reply("annotation.list", () => ({ items: [annotation("all"), redNote("some"), others] }));
  say("document:7:staff");
  await settle();
  expect(notes()).toEqual(["all", "others", "some"]);
  world.peer.reply("annotation.list", () => ({ items: [annotation("all"), redNote("some")] }));
  world.peer.say("channel.closed", { reason: "forbidden" }, { channel: "document:7:staff" });
  expect(notes()).toEqual(["all"]);
  say(RED);
  await settle();
  expect(notes()).toEqual(["all", "some"]);
});

it("asks again when a group has changed while the document was being opened", async () => {
  world.peer.silence("document.open");
  world.peer.say(
    "document.mode",
    { document_id: "7", mode: "edit", reason: "role" },
    { channel: "document:7" },
  );
  say(RED);
  expect(world.peer.payloads("document.open")).toHaveLength(3);
  expect(world.peer.payloads("subscribe")).toEqual([]);
});

it("shows another title at once", async () => {
  const { doc } = state();
  const changed = { document_id: "7", course_id: "cs101", title: "Notes on Hegel" };
  world.peer.say("document.changed", changed, { channel: "document:7" });
  expect(state()).toMatchObject({ doc, mode: "edit", info: { title: "Notes on Hegel", kind: "text" } });
  await settle();
  expect(world.peer.payloads("document.open")).toHaveLength(1);
});

it("calls a group by the name that it has now, also one that is new", async () => {
  let title = "Team Red";
  world.peer.reply("annotation.list", () => ({ items: [], groups: [{ id: "red", title }] }));
  const change = async (course_id: string) => {
    world.peer.say("documents.changed", { course_id }, META);
    await settle();
    return state().groups;
  };
  expect(await change("cs102")).toEqual({});
  expect(await change("cs101")).toEqual({ red: "Team Red" });
  title = "Crimson";
  expect(await change("cs101")).toEqual({ red: "Crimson" });
  expect(notes()).toEqual(["all"]);
});

it("[DOC7] shows the document to who is let in again: at once where that is told, else when it is asked for again", async () => {
  const refused: Answer = { ok: false, error: { code: "not_found", message: "", retryable: false } };
  const asked = () => world.peer.payloads("document.open").length;
  for (const told of ["document.changed", "documents.changed", null]) {
    const before = asked();
    world.peer.respond("document.open", () => refused);
    world.peer.say("channel.closed", { reason: "forbidden" }, { channel: "document:7" });
    await settle();
    world.advance(LET_IN_MS);
    await settle();
    expect(state()).toMatchObject({ phase: "failed", doc: null });
    expect(asked()).toBe(before + 2);
    server.furnish(world.peer, "ada");
    world.peer.say("documents.changed", { course_id: "cs102" }, META);
    const course = { course_id: "cs101" };
    const changed = told === "document.changed" ? { ...course, document_id: "7", title: "Notes" } : course;
    if (told) world.peer.say(told, changed, META);
    else world.advance(LET_IN_MS);
    await settle();
    expect(state()).toMatchObject({ phase: "ready", error: null, mode: "edit" });
    expect(textIn(state().doc ?? new Doc())).toBe("Hegel");
    world.advance(2 * LET_IN_MS);
    await settle();
    expect(asked()).toBe(before + 3);
  }
});
