/** A page for tests of time on task: what a person does at it, in which tab, while time passes. */

import type { ActivityEnvironment } from "../services/websocket/analytics/activity/tracker";

interface Timer {
  at: number;
  callback: () => void;
}

/** The browser that the tabs share. */
export class Browser {
  readonly desks: Desk[] = [];
  now = 0;

  /** Let time pass in all tabs. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const timers = this.desks.flatMap((desk) => [...desk.timers].map((timer) => ({ desk, timer })));
      const due = timers.filter(({ timer }) => timer.at <= until).sort((a, b) => a.timer.at - b.timer.at)[0];
      if (!due) break;
      due.desk.timers.delete(due.timer);
      this.now = Math.max(this.now, due.timer.at);
      due.timer.callback();
    }
    this.now = until;
  }

  /** The device sleeps: the clock goes on, the timers do not. */
  suspend(ms: number): void {
    this.now += ms;
    for (const desk of this.desks) for (const timer of desk.timers) timer.at += ms;
  }
}

type Watch = Parameters<ActivityEnvironment["watch"]>[0];

/** One tab. */
export class Desk implements ActivityEnvironment {
  readonly timers = new Set<Timer>();
  visible = true;
  playing = false;
  readonly watching = new Set<Watch>();
  readonly tabs = new Set<{ userId: string; lost: () => void }>();

  constructor(readonly browser: Browser = new Browser()) {
    browser.desks.push(this);
  }

  now = () => this.browser.now;
  isVisible = () => this.visible;
  isPlaying = () => this.playing;

  setTimer = (callback: () => void, ms: number): unknown => {
    const timer = { at: this.browser.now + ms, callback };
    this.timers.add(timer);
    return timer;
  };
  clearTimer = (timer: unknown): void => void this.timers.delete(timer as Timer);

  watch = (on: Watch): (() => void) => {
    this.watching.add(on);
    return () => this.watching.delete(on);
  };

  openTabs = (userId: string, lost: () => void) => {
    const tab = { userId, lost };
    this.tabs.add(tab);
    return {
      claim: () => {
        const all = this.browser.desks.flatMap(({ tabs }) => [...tabs]);
        for (const other of all) if (other !== tab && other.userId === userId) other.lost();
      },
      close: () => void this.tabs.delete(tab),
    };
  };

  touch(): void {
    for (const { input } of this.watching) input();
  }

  show(visible: boolean): void {
    this.visible = visible;
    for (const { visibility } of this.watching) visibility();
  }

  leave(): void {
    for (const { leaving } of this.watching) leaving();
  }

  /** Let time pass while somebody works, with a touch every second. */
  work(ms: number): void {
    for (let passed = 0; passed < ms; passed += 1_000) {
      this.touch();
      this.browser.advance(1_000);
    }
  }
}
