/** Navigation, connection, theme and the person, around the page that is open. */

import { LogOut, Monitor, Moon, Sun } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useEffect, useRef, useState } from "react";
import {
  ConnectionStatus,
  NotificationBell,
  NotificationToasts,
  useChatWebSocket,
  useCoursewire,
} from "../src";
import { Avatar, statusWord } from "../src/components/Avatar";
import { linkTo } from "./links";
import { Mark } from "./Mark";
import { PageContent } from "./PageContent";
import { INBOX, type Page, pageOf, pages } from "./pages";
import { signOut, usePlace } from "./session";
import { readTheme, saveTheme, type Theme } from "./theme";
import { useCourses } from "./useCourses";

export function Shell() {
  const place = usePlace();
  const page = pageOf(place.page);
  const courses = useCourses();
  useFocusInside(`${place.page}/${place.item ?? ""}`);
  return (
    <div
      className="shell"
      data-inside={place.item !== null || undefined}
      data-tabs={pages.length > 1 || undefined}
    >
      <button type="button" className="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the content
      </button>
      <header className="bar">
        <div className="bar-top">
          <div className="bar-brand">
            <Mark size={32} />
            <span>Coursewire</span>
          </div>
          <NotificationBell courses={courses} inboxLink={INBOX} linkTo={linkTo} />
        </div>
        <nav className="bar-pages" aria-label="Pages">
          {pages.map((one) => (
            <Tab key={one.name} page={one} current={one === page} />
          ))}
        </nav>
        <div className="bar-end">
          <ConnectionStatus side="top" />
          <Person />
        </div>
      </header>
      <main className="page" id="main" tabIndex={-1}>
        <h1 className="cw-hidden">{page.title}</h1>
        <PageContent key={page.name} page={page} />
      </main>
      <NotificationToasts
        courses={courses}
        inboxLink={INBOX}
        inInbox={page.name === "notifications"}
        linkTo={linkTo}
      />
    </div>
  );
}

/** The link or button that led elsewhere may be gone with where it stood: a keyboard goes on in what there is now. */
function useFocusInside(where: string): void {
  const before = useRef(where);
  useEffect(() => {
    if (before.current === where) return;
    before.current = where;
    if (document.activeElement === document.body) document.getElementById("main")?.focus();
  }, [where]);
}

function Tab({ page, current }: { page: Page; current: boolean }) {
  const badge = page.useBadge();
  useEffect(() => {
    if (current) document.title = badge > 0 ? `(${badge}) ${page.title} · Campus` : `${page.title} · Campus`;
  }, [badge, current, page.title]);
  return (
    <a className="tab" href={`#/${page.name}`} aria-current={current ? "page" : undefined}>
      <page.Icon size={20} aria-hidden="true" />
      <span>{page.title}</span>
      {badge > 0 && (
        <span className="cw-badge">
          <span aria-hidden="true">{badge > 99 ? "99+" : badge}</span>
          <span className="cw-hidden">{badge} unread</span>
        </span>
      )}
    </a>
  );
}

const THEMES: [Theme, string, typeof Sun][] = [
  ["system", "As the system", Monitor],
  ["light", "Light", Sun],
  ["dark", "Dark", Moon],
];

const PRESENCE = ["online", "away", "busy", "invisible"] as const;

function Person() {
  const coursewire = useCoursewire();
  const { userId } = coursewire;
  const { chat, isConnected, setPresence } = useChatWebSocket();
  const [theme, setTheme] = useState(readTheme);
  const [chosen, setChosen] = useState<(typeof PRESENCE)[number]>("online");
  const name = chat.me?.name ?? userId;
  const dot = chosen === "invisible" || !isConnected ? "offline" : chosen;
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="person">
        <Avatar id={userId} name={name} url={chat.me?.avatar_url} size="small" status={dot} />
        <span className="person-name">{name}</span>
        <span className="cw-hidden">: status, appearance, sign out</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="cw-menu" align="end" sideOffset={8} collisionPadding={8}>
          <DropdownMenu.Label className="cw-menu-label">Status</DropdownMenu.Label>
          <DropdownMenu.RadioGroup
            value={chosen}
            onValueChange={(value) => {
              const status = value as (typeof PRESENCE)[number];
              const before = chosen;
              setChosen(status);
              setPresence(status).catch(() => setChosen(before));
            }}
          >
            {PRESENCE.map((status) => (
              <DropdownMenu.RadioItem key={status} value={status} className="cw-menu-item">
                <span className="cw-presence" data-inline data-status={status} aria-hidden="true" />
                {status === "invisible" ? "Invisible" : statusWord(status)}
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
          <DropdownMenu.Separator className="cw-menu-line" />
          <DropdownMenu.Label className="cw-menu-label">Appearance</DropdownMenu.Label>
          <DropdownMenu.RadioGroup
            value={theme}
            onValueChange={(value) => {
              setTheme(value as Theme);
              saveTheme(value as Theme);
            }}
          >
            {THEMES.map(([value, label, Icon]) => (
              <DropdownMenu.RadioItem key={value} value={value} className="cw-menu-item">
                <Icon size={15} aria-hidden="true" /> {label}
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
          <DropdownMenu.Separator className="cw-menu-line" />
          <DropdownMenu.Item
            className="cw-menu-item"
            onSelect={() => void coursewire.signOut().then(signOut)}
          >
            <LogOut size={15} aria-hidden="true" /> Sign out
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
