/** A document whose editor cannot be loaded: there is a way back, and it comes with the network. */

import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, type MockInstance, vi } from "vitest";
import { CoursewireProvider } from "../src";
import { Later } from "../src/components/later";
import { furnish } from "../src/testing/campus";
import { frames, loadYjs } from "../src/testing/frames";
import { Scriptorium } from "../src/testing/scriptorium";
import { World } from "../src/testing/world";
import DocumentsPage from "./DocumentsPage";
import { go } from "./session";

let world: World;
let load: MockInstance<() => Promise<void>>;
beforeEach(() => {
  world = new World();
  load = vi.spyOn(Later.prototype, "load").mockRejectedValue(new Error("no network"));
});

const pass = () => frames(world, { load: loadYjs });

async function come(): Promise<void> {
  render(
    <CoursewireProvider userId="ada" authToken="token" environment={world}>
      <DocumentsPage />
    </CoursewireProvider>,
  );
  await act(async () => {
    go("documents", "7");
    window.dispatchEvent(new Event("hashchange"));
  });
  await pass();
}

it("leads back to all documents", async () => {
  await come();
  expect(screen.getByRole("alert").textContent).toContain("The editor could not be loaded.");
  await userEvent.setup().click(screen.getByRole("button", { name: "Back to the documents" }));
  expect(location.hash).toBe("#/documents");
});

it("says why nothing comes of a document that is not on the device, and leads back", async () => {
  load.mockReset();
  await come();
  expect(screen.getByText("Loading…")).toBeTruthy();
  await screen.findByText(/No connection. This device does not have the document/u);
  await userEvent.setup().click(screen.getByRole("button", { name: "Back to the documents" }));
  expect(location.hash).toBe("#/documents");
});

it("is asked for again with the connection", async () => {
  await come();
  const before = load.mock.calls.length;
  const server = new Scriptorium("Hegel");
  for (const peer of world.peers) {
    furnish(peer, []);
    peer.reply("people", () => ({ items: [] }));
    server.furnish(peer, "ada");
    act(() => peer.accept());
  }
  await pass();
  expect(load.mock.calls.length).toBeGreaterThan(before);
});
