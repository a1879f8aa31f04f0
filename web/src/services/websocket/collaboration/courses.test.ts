/** When the lists of a course are asked for anew: soon, once for all changes, and after the connection was lost. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { settle, World } from "../../../testing/world";
import { CollaborationWebSocketService } from "../collaborationWebSocket";

let world: World;
let service: CollaborationWebSocketService;
const asked = vi.fn();

beforeEach(async () => {
  asked.mockReset();
  world = new World();
  service = new CollaborationWebSocketService({ environment: world });
  service.connect("ada", "token");
  await settle();
  world.peer.accept();
  await settle();
});
afterEach(() => service.disconnect());

const say = (course_id: unknown, event = "documents.changed") =>
  world.peer.say(event, { course_id }, { channel: "user:ada" });

it("asks once for changes that come together, and for no other course", () => {
  const stop = service.subscribeToCourse("cs101", asked);
  for (const course of ["cs101", "cs101", "cs102", 7]) say(course);
  expect(asked).not.toHaveBeenCalled();
  world.advance(1_000);
  expect(asked).toHaveBeenCalledTimes(1);
  say("cs101");
  world.advance(1_000);
  expect(asked).toHaveBeenCalledTimes(2);
  say("cs101");
  stop();
  world.advance(1_000);
  say("cs101");
  world.advance(1_000);
  expect(asked).toHaveBeenCalledTimes(2);
});

it("asks when something was written in a document of the course, or beside one", () => {
  service.subscribeToCourse("cs101", asked);
  for (const course of ["cs101", "cs101", "cs102", 7]) say(course, "documents.edited");
  world.advance(1_000);
  expect(asked).toHaveBeenCalledTimes(1);
});

it("asks again after the connection was lost, as nothing was heard meanwhile", async () => {
  const other = vi.fn();
  service.subscribeToCourse("cs101", asked);
  service.subscribeToCourse("cs101", other);
  world.advance(1_000);
  expect(asked).not.toHaveBeenCalled();
  world.peer.cut();
  await settle();
  world.advance(5_000);
  world.peer.accept();
  await settle();
  world.advance(1_000);
  expect([asked.mock.calls.length, other.mock.calls.length]).toEqual([1, 1]);
});
