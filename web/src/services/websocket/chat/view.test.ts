/** What a screen asks of messages: their plain words, who reacted, whose they are. */

import { describe, expect, it } from "vitest";
import { ada, ben, message } from "../../../testing/campus";
import { reactors } from "./reactions";
import type { Outgoing } from "./state";
import { isMine, plainWords, withoutEcho } from "./view";

const people = new Map([ada, ben].map((one) => [one.user_id, one]));
const { author: _author, ...nobody } = message(7, { anonymous: true, text: "who?" });
const sending: Outgoing = {
  key: "k",
  roomId: "r1",
  text: "who?",
  payload: { key: "k", room_id: "r1", text: "who?", anonymous: true },
  writtenAt: "2026-11-22T18:00:00.000Z",
  status: "sending",
  error: null,
};

describe("plain words", () => {
  it("leave out the marks, keep the words apart, and are text", () => {
    const html = "<p>Hi <strong>all</strong>,<br>\nsee:</p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>";
    expect(plainWords({ html })).toBe("Hi all, see: one two");
    expect(plainWords({ html: "<p>&lt;b&gt; &amp;lt; &quot;x&quot;</p>" })).toBe('<b> &lt; "x"');
    expect(plainWords({ html: "" })).toBe("");
  });
});

describe("who reacted", () => {
  it("names us first, those who are known, and counts the others", () => {
    const thumbs = (patch: object) => ({ emoji: "👍", count: 1, user_ids: [], ...patch });
    expect(reactors(thumbs({ user_ids: ["ada"], mine: true }), people, "ada")).toBe("You");
    expect(reactors(thumbs({ count: 2, user_ids: ["ben", "ada"], mine: true }), people, "ada")).toBe(
      "You and Ben Okafor",
    );
    expect(reactors(thumbs({ count: 25, user_ids: ["ben"], mine: false }), people, "ada")).toBe(
      "Ben Okafor and 24 others",
    );
    expect(reactors(thumbs({ count: 1, user_ids: ["gone"] }), people, "ada")).toBe("1 other");
  });
});

describe("an anonymous message", () => {
  const own = { ownKeys: new Set<string>(), ownIds: new Set(["m7"]) };

  it("is ours when this page has sent it, and nobody's otherwise", () => {
    expect(isMine(nobody, "ada", own)).toBe(true);
    expect(isMine(nobody, "ada", { ...own, ownIds: new Set() })).toBe(false);
    expect(isMine(message(1), "ada", own)).toBe(false);
    expect(isMine(message(1, { author: ada }), "ada", own)).toBe(true);
  });

  it("of ours is left out while we show it as being sent, and no other one is", () => {
    const messages = [message(6, { text: "who?" }), nobody];
    expect(withoutEcho(messages, [sending]).map(({ id }) => id)).toEqual(["m6"]);
    expect(withoutEcho(messages, [{ ...sending, status: "failed" }])).toBe(messages);
    expect(withoutEcho(messages, [{ ...sending, text: "else" }])).toBe(messages);
  });
});
