/** Many random days of three people: typing, losing the network, being refused for now. All end with the same text. */

import { afterEach, describe, expect, it } from "vitest";
import type { XmlElement, XmlText } from "yjs";
import { numbers } from "../../../testing/numbers";
import { Scriptorium, textIn, write } from "../../../testing/scriptorium";
import { settle, World } from "../../../testing/world";
import { CollaborationWebSocketService } from "../collaborationWebSocket";
import type { Answer } from "../protocol";

const TEXTS = ["a", "und ", "字", "😀", "é", "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}", "lorem ipsum "];
const open: CollaborationWebSocketService[] = [];

afterEach(() => {
  for (const service of open.splice(0)) service.disconnect();
});

interface Person {
  name: string;
  world: World;
  service: CollaborationWebSocketService;
  isOnline: boolean;
}

async function day(seed: number): Promise<void> {
  const random = numbers(seed);
  const pick = <One>(from: readonly One[]): One => from[Math.floor(random() * from.length)] as One;
  const server = new Scriptorium("Hegel 😀");
  server.limits.updates_per_second = 50;
  const people: Person[] = [];
  for (const name of ["ada", "ben", "cy"]) {
    const world = new World();
    const service = new CollaborationWebSocketService({ environment: world });
    open.push(service);
    service.connect(name, "token");
    service.openDocument("7");
    await import("./provider");
    await settle();
    const person = { name, world, service, isOnline: false };
    people.push(person);
    await come(person);
  }

  async function come(person: Person): Promise<void> {
    const { world, name } = person;
    server.furnish(world.peer, name);
    if (world.peer.connects > 1) world.advance(6_000);
    world.peer.accept({ user: { id: name, name } });
    person.isOnline = true;
    await settle();
  }

  async function go(person: Person): Promise<void> {
    const { peer } = person.world;
    // What is under way now is lost on its way there, or was committed and the answer is lost.
    if (random() < 0.5) peer.silence("document.update");
    edit(person);
    edit(person);
    server.gone(peer);
    peer.cut();
    peer.pending.length = 0;
    person.isOnline = false;
    await settle();
  }

  function edit({ service }: Person): void {
    const doc = service.document("7")?.doc;
    if (!doc) return;
    const lines = doc.getXmlFragment("default");
    if (random() < 0.1) return void write(doc, pick(TEXTS));
    const line = (lines.get(Math.floor(random() * lines.length)) as XmlElement).get(0) as XmlText;
    const letters = [...new Intl.Segmenter().segment(line.toString())];
    const spot = pick([...letters, { index: line.length, segment: "" }]);
    if (random() < 0.3 && spot.segment !== "") line.delete(spot.index, spot.segment.length);
    else line.insert(spot.index, pick(TEXTS));
  }

  const later: Answer = {
    ok: false,
    error: { code: "unavailable", message: "later", retryable: true, retry_after_ms: 30 },
  };
  for (let step = 0; step < 60; step += 1) {
    const person = pick(people);
    const chance = random();
    if (chance < 0.7) edit(person);
    else if (chance < 0.8) await (person.isOnline ? go(person) : come(person));
    else if (chance < 0.85) server.refusals.push(later);
    else {
      person.world.advance(Math.floor(random() * 100));
      await settle();
    }
  }
  for (const person of people) if (!person.isOnline) await come(person);
  for (let turn = 0; turn < 60; turn += 1) {
    for (const { world } of people) world.advance(50);
    await settle();
  }
  for (const { name, service } of people) {
    const state = service.document("7");
    expect(state?.saveState, `${name}, seed ${seed}`).toBe("saved");
    expect(state?.doc && textIn(state.doc), `${name}, seed ${seed}`).toBe(server.text);
  }
  expect(people.flatMap(({ service }) => service.store.getSnapshot().copies)).toEqual([]);
}

describe("random days", () => {
  it.each(Array.from({ length: 25 }, (_one, seed) => seed))("end with one text for all: %i", day);
});
