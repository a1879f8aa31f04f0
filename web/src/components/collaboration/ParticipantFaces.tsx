/** Who is in the document: faces in the colours of their carets, and a list with names and what they may do. */

import { Popover } from "radix-ui";
import type { CSSProperties } from "react";
import type { DocumentMode, Participant } from "../../contract";
import { Avatar } from "../Avatar";

interface Props {
  participants: readonly Participant[];
  userId: string;
  /** Where their carets stand, in words. */
  places: ReadonlyMap<string, string>;
}

/** More are only counted. */
const MOST = 4;

const MODES: Record<DocumentMode, string> = { view: "reads", comment: "reads and comments", edit: "edits" };

export function ParticipantFaces({ participants, userId, places }: Props) {
  if (participants.length === 0) return null;
  const others = participants.filter(({ user_id }) => user_id !== userId);
  const shown = (others.length > 0 ? others : participants).slice(0, MOST);
  const more = Math.max(0, others.length - shown.length);
  const label = `${participants.length} ${participants.length === 1 ? "person" : "people"} here`;
  return (
    <Popover.Root>
      <Popover.Trigger className="cw-faces" aria-label={label} title={label}>
        {shown.map((person) => (
          <span key={person.user_id} className="cw-face" style={colourOf(person)}>
            <Avatar id={person.user_id} name={person.name} url={person.avatar_url} size="small" />
          </span>
        ))}
        {more > 0 && (
          <span className="cw-face-more" aria-hidden="true">
            +{more}
          </span>
        )}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="cw-popover" aria-label="Who is here" sideOffset={8} collisionPadding={8}>
          <h3 className="cw-popover-title">Who is here</h3>
          <ul className="cw-people">
            {participants.map((person) => (
              <li key={person.user_id} className="cw-person">
                <span className="cw-face" style={colourOf(person)}>
                  <Avatar id={person.user_id} name={person.name} url={person.avatar_url} size="small" />
                </span>
                <span className="cw-person-name">
                  {person.name}
                  {person.user_id === userId && " (you)"}
                  <span className="cw-role">{doing(person, places.get(person.user_id))}</span>
                </span>
              </li>
            ))}
          </ul>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

const doing = ({ mode }: Participant, place: string | undefined): string =>
  place === undefined ? MODES[mode] : `${MODES[mode]}, at ${place}`;

const colourOf = ({ colour }: Participant): CSSProperties => ({ "--cw-person": colour }) as CSSProperties;
