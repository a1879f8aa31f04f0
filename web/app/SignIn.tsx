/** Choose whom to be. */

import { ArrowRight, GraduationCap } from "lucide-react";
import { useEffect, useState } from "react";
import { Avatar } from "../src/components/Avatar";
import { type DemoUser, demoUsers } from "./demo";
import { Mark } from "./Mark";
import { signIn } from "./session";

const ROLES: Record<string, string> = {
  instructor: "Teacher",
  teaching_assistant: "Teaching assistant",
  learner: "Student",
  administrator: "Administrator",
};

type Found = { people: DemoUser[] } | { problem: string } | null;

export function SignIn() {
  const [found, setFound] = useState<Found>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    void tries;
    const stop = new AbortController();
    setFound(null);
    demoUsers(stop.signal).then(
      (people) =>
        setFound(
          people
            ? { people }
            : { problem: "This server has no demo sign-in. Come in through your learning platform." },
        ),
      () => {
        if (!stop.signal.aborted) setFound({ problem: "The server cannot be reached right now." });
      },
    );
    return () => stop.abort();
  }, [tries]);

  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <Mark />
        <h1>Welcome to the campus</h1>
        <p className="sign-in-lead">Choose whom to be. Open a second window as somebody else, and talk.</p>
        {found === null && (
          <div className="sign-in-people" role="status">
            <span className="cw-hidden">Loading</span>
            {[1, 2, 3].map((row) => (
              <span key={row} className="cw-skeleton sign-in-skeleton" aria-hidden="true" />
            ))}
          </div>
        )}
        {found && "problem" in found && (
          <div className="sign-in-problem" role="alert">
            <p>{found.problem}</p>
            <button type="button" className="cw-button" onClick={() => setTries((count) => count + 1)}>
              Try again
            </button>
          </div>
        )}
        {found && "people" in found && (
          <ul className="sign-in-people">
            {found.people.map((person) => (
              <li key={person.user_id}>
                <button type="button" className="sign-in-person" onClick={() => signIn(person.user_id)}>
                  <Avatar id={person.user_id} name={person.name} size="large" />
                  <span className="sign-in-name">
                    <strong>{person.name}</strong>
                    <span>
                      {person.role !== "learner" && <GraduationCap size={14} aria-hidden="true" />}
                      {ROLES[person.role] ?? person.role}
                    </span>
                  </span>
                  <ArrowRight size={18} className="sign-in-arrow" aria-hidden="true" />
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
    </main>
  );
}
