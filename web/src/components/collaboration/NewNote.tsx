/** A note that is being written: of which kind, for whom, with which tags. */

import { RadioGroup } from "radix-ui";
import { useId, useState } from "react";
import type { Motivation } from "../../contract";
import type { Draft } from "./AnnotationSidebar";
import { NoteText, type Person } from "./NoteText";
import { Quoted } from "./Quoted";
import { audienceWords, KINDS, kindWords, parseTags } from "./threads";

export interface Note {
  body: string;
  motivation: Motivation;
  visibility: string;
  tags: string[];
}

interface Props {
  draft: Draft;
  audiences: readonly string[];
  /** Their names, by id. */
  groups: Readonly<Record<string, string>>;
  people: readonly Person[];
  onKind: (kind: Motivation) => void;
  onSend: (note: Note) => Promise<void>;
  onCancel: () => void;
}

const PLACEHOLDERS: Record<Motivation, string> = {
  commenting: "What do you think of it?",
  questioning: "What would you like to know?",
  highlighting: "Why? (optional)",
  assessing: "How good is it, and why?",
};

/** Whom a note is for at first: an assessment is no word for everybody. */
const audienceOf = (kind: Motivation): string => (kind === "assessing" ? "staff" : "course");

export function NewNote({ draft, audiences, groups, people, onKind, onSend, onCancel }: Props) {
  const { kind, target } = draft;
  const [chosen, setChosen] = useState<string | null>(null);
  const [tags, setTags] = useState("");
  const id = useId();
  const kinds = kindsFor(audiences);
  const audience = chosen ?? audienceOf(kind);
  return (
    <article
      className="cw-note"
      data-new
      data-kind={kind}
      aria-label={`New ${kindWords(kind).toLowerCase()}`}
    >
      <RadioGroup.Root
        className="cw-kinds"
        aria-label="Kind"
        value={kind}
        onValueChange={(value) => onKind(value as Motivation)}
      >
        {KINDS.filter(([one]) => kinds.includes(one)).map(([one, label]) => (
          <RadioGroup.Item key={one} value={one} className="cw-kind">
            {label}
          </RadioGroup.Item>
        ))}
      </RadioGroup.Root>
      <Quoted text={target.quote.exact} kind={kind} />
      <NoteText
        label="Note"
        placeholder={PLACEHOLDERS[kind]}
        optional={kind === "highlighting"}
        people={people}
        send={kind === "highlighting" ? "Highlight" : "Save"}
        autoFocus
        onSend={(body) => onSend({ body, motivation: kind, visibility: audience, tags: parseTags(tags) })}
        onCancel={onCancel}
      >
        <div className="cw-note-facts">
          <label>
            <span>For</span>
            <select value={audience} onChange={(event) => setChosen(event.target.value)}>
              {audiences.map((one) => (
                <option key={one} value={one}>
                  {audienceWords(one, groups)}
                </option>
              ))}
            </select>
          </label>
          <label htmlFor={`${id}-tags`}>
            <span>Tags</span>
            <input
              id={`${id}-tags`}
              value={tags}
              placeholder="style, source"
              maxLength={400}
              autoCapitalize="none"
              onChange={(event) => setTags(event.target.value)}
            />
          </label>
        </div>
      </NoteText>
    </article>
  );
}

/** Which kinds of notes one may make, by whom one may write for: assessing is the staff's. */
export const kindsFor = (audiences: readonly string[]): Motivation[] =>
  audiences.includes("staff")
    ? ["commenting", "questioning", "highlighting", "assessing"]
    : ["commenting", "questioning", "highlighting"];
