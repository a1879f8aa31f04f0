/** A document that is one too many: what its page says, and that it opens once another was closed. */

import { afterEach, beforeEach, expect, it } from "vitest";
import { Doc } from "yjs";
import { Scriptorium, textIn } from "../../../testing/scriptorium";
import { settle, World } from "../../../testing/world";
import { CollaborationWebSocketService } from "../collaborationWebSocket";
import type { Answer } from "../protocol";
import { ROOM_MS } from "./patience";

const tooLarge = (field: string): Answer => ({
  ok: false,
  error: { code: "too_large", message: "", retryable: false, field },
});

let world: World;
let service: CollaborationWebSocketService;

beforeEach(async () => {
  world = new World();
  service = new CollaborationWebSocketService({ environment: world });
  service.connect("ada", "token");
  service.openDocument("7");
  await import("./provider");
  await settle();
});
afterEach(() => service.disconnect());

const state = () => service.document("7");

async function refused(field: string): Promise<void> {
  world.peer.respond("document.open", () => tooLarge(field));
  world.peer.accept({ user: { id: "ada", name: "ada" } });
  await settle();
}

it.each(["channel", "document_id"])(
  "says that too many are open, and opens when there is room (%s)",
  async (field) => {
    await refused(field);
    expect(state()).toMatchObject({ phase: "failed", doc: null });
    expect(state()?.error).toMatch(/^Too many documents are open.*Close one/);
    new Scriptorium("Hegel").furnish(world.peer, "ada");
    world.advance(ROOM_MS);
    await settle();
    expect(state()).toMatchObject({ phase: "ready", error: null });
    expect(textIn(state()?.doc ?? new Doc())).toBe("Hegel");
  },
);

it("says something else of what is too large otherwise, and leaves it at that", async () => {
  await refused("state_vector");
  expect(state()).toMatchObject({ phase: "failed", error: "This is too long." });
  world.advance(10 * ROOM_MS);
  await settle();
  expect(world.peer.payloads("document.open")).toHaveLength(1);
});
