/** The hook under StrictMode: one connection, one document, stable callbacks, nothing left after the last unmount. */

import { act, renderHook } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { around, frames, loadYjs } from "../testing/frames";
import { annotation, participant, Scriptorium, textIn, write } from "../testing/scriptorium";
import { World } from "../testing/world";
import { useCoursewire } from "./CoursewireProvider";
import { useCollaborationWebSocket } from "./useCollaborationWebSocket";

let world: World;
let server: Scriptorium;
beforeEach(() => {
  world = new World();
  server = new Scriptorium("Hegel");
});

const Within = around(() => ({ world }));

const pass = () => frames(world, { load: loadYjs });

async function accept(): Promise<void> {
  await pass();
  for (const peer of world.peers) {
    server.furnish(peer, "ada");
    if (!peer.released) act(() => peer.accept());
  }
  await pass();
}

interface Props {
  id: string | null;
}

const render = (id: string | null = "7") =>
  renderHook(
    ({ id: which }: Props) => ({ page: useCollaborationWebSocket(which), coursewire: useCoursewire() }),
    { wrapper: Within, initialProps: { id } as Props },
  );

describe("useCollaborationWebSocket", () => {
  it("connects once, opens once, and shows what is there and what comes", async () => {
    server.annotations = [annotation("a1"), annotation("r1", { parent_id: "a1" })];
    const { result } = render();
    expect(result.current.page).toMatchObject({ phase: "loading", document: null, isConnected: false });
    await accept();
    expect(world.peers.filter(({ released }) => !released)).toHaveLength(1);
    expect(world.peer.payloads("document.open")).toHaveLength(1);
    const { page } = result.current;
    expect(page).toMatchObject({ phase: "ready", mode: "edit", saveState: "saved", documentId: "7" });
    expect(page.document && textIn(page.document)).toBe("Hegel");
    expect(page.awareness?.doc).toBe(page.document);
    expect(page.threads).toMatchObject([{ annotation: { id: "a1" }, replies: [{ id: "r1" }] }]);
    expect(page.audiences).toEqual(["course", "private"]);
    act(() => server.say("session.changed", participant("ben", "view")));
    await pass();
    expect(result.current.page.participants.map(({ user_id }) => user_id)).toEqual(["ada", "ben"]);
    act(() => server.say("session.changed", participant("ben", "view", false)));
    await pass();
    expect(result.current.page.participants).toHaveLength(1);
  });

  it("writes into the document of the server, and says when it is saved", async () => {
    const { result } = render();
    await accept();
    const before = result.current.page;
    world.peer.silence("document.update");
    act(() => void (before.document && write(before.document, "typed")));
    await pass();
    expect(result.current.page.saveState).toBe("saving");
    expect(result.current.page.document).toBe(before.document);
    expect(result.current.page.annotate).toBe(before.annotate);
    expect(result.current.page.reply).toBe(before.reply);
    expect(result.current.page.threads).toBe(before.threads);
    server.furnish(world.peer, "ada");
    act(() => world.peer.answer("document.update", { ok: true, data: { sequence: 1, saved: true } }));
    await pass();
    expect(result.current.page.saveState).toBe("saved");
  });

  it("follows its id, opens another one when it is told to, and closes it", async () => {
    const { result, rerender } = render(null);
    await accept();
    expect(result.current.page).toMatchObject({ phase: "closed", documentId: null });
    await expect(result.current.page.saveVersion("x")).rejects.toMatchObject({ code: "not_found" });
    rerender({ id: "7" });
    await pass();
    expect(result.current.page.phase).toBe("ready");
    let close: () => void = () => undefined;
    act(() => {
      close = result.current.page.openDocument("8");
    });
    await pass();
    expect(result.current.page.documentId).toBe("8");
    expect(result.current.coursewire.collaboration.document("7")).toBeNull();
    act(() => close());
    await pass();
    expect(result.current.page.phase).toBe("closed");
    act(() => result.current.page.closeDocument());
    expect(world.peer.payloads("document.close").map(({ document_id }) => document_id)).toEqual(["7", "8"]);
  });

  it("asks before the page is left while something is unsaved, and leaves nothing behind", async () => {
    const { result, unmount } = render();
    await accept();
    const { document } = result.current.page;
    world.peer.silence("document.update");
    act(() => void (document && write(document, "typed")));
    expect([...world.leavers].map((isUnsaved) => isUnsaved())).toEqual([true]);
    server.furnish(world.peer, "ada");
    act(() => world.peer.answer("document.update", { ok: true, data: { sequence: 1, saved: true } }));
    await pass();
    expect([...world.leavers].map((isUnsaved) => isUnsaved())).toEqual([false]);
    const { collaboration } = result.current.coursewire;
    unmount();
    await pass();
    world.advance(5_000);
    await pass();
    expect(world.leavers.size).toBe(0);
    expect(collaboration.store.listeners).toBe(0);
    expect(collaboration.listeners).toBe(0);
    expect(world.timers.size).toBe(0);
    expect(world.peers.every(({ released }) => released)).toBe(true);
  });
});
