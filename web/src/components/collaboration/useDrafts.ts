/** The notes that are written and sent: who has sent one may begin the next, and keeps it when the first is taken. */

import { useRef, useState } from "react";
import type { Annotation, AnnotationTarget } from "../../contract";
import type { Draft } from "./AnnotationSidebar";
import type { Note } from "./NewNote";

interface Input {
  /** The one that is being written. */
  draft: Draft | null;
  onDraft: (draft: Draft | null) => void;
  onActive: (id: string) => void;
  annotate: (note: Note & { target: AnnotationTarget }) => Promise<Annotation>;
}

/** It is on its way, or was refused while another was being written. */
interface Sent {
  draft: Draft;
  refused: boolean;
}

/** A form for a note; what is on its way shows as a thread already. */
export interface DraftForm {
  key: string;
  draft: Draft;
  hidden: boolean;
  onKind: (kind: Draft["kind"]) => void;
  onSend: (note: Note) => Promise<void>;
  onCancel: () => void;
}

export function useDrafts({ draft, onDraft, onActive, annotate }: Input): DraftForm[] {
  const [sent, setSent] = useState<readonly Sent[]>([]);
  const latest = useRef(draft);
  latest.current = draft;
  const keys = useRef(new WeakMap<AnnotationTarget, string>());
  const sendings = useRef(0);

  /** Another place is another note; what was written moves along only when the kind changes, until it is sent. */
  const keyOf = ({ target }: Draft): string => {
    const known = keys.current.get(target);
    if (known !== undefined) return known;
    const key = `${sendings.current} ${target.quote.exact}`;
    keys.current.set(target, key);
    return key;
  };
  const change = (one: Draft, now: Sent | null): void =>
    setSent((before) => [
      ...before.filter(({ draft: { target } }) => target !== one.target),
      ...(now ? [now] : []),
    ]);

  const send = async (one: Draft, note: Note): Promise<void> => {
    sendings.current += 1;
    change(one, { draft: one, refused: false });
    if (latest.current?.target === one.target) onDraft(null);
    try {
      const made = await annotate({ target: one.target, ...note });
      change(one, null);
      if (latest.current === null) onActive(made.id);
    } catch (error) {
      // It is back, as it was.
      if (latest.current === null) onDraft(one);
      change(one, latest.current === null ? null : { draft: one, refused: true });
      throw error;
    }
  };

  const forms = sent.map(({ draft: one, refused }) => ({
    key: keyOf(one),
    draft: one,
    hidden: !refused,
    onKind: (kind: Draft["kind"]) => change(one, { draft: { ...one, kind }, refused }),
    onSend: (note: Note) => send(one, note),
    onCancel: () => change(one, null),
  }));
  if (!draft) return forms;
  return [
    ...forms,
    {
      key: keyOf(draft),
      draft,
      hidden: false,
      onKind: (kind) => onDraft({ ...draft, kind }),
      onSend: (note) => send(draft, note),
      onCancel: () => onDraft(null),
    },
  ];
}
