/** A line chart on a canvas, by uPlot: in the colours of the page, as wide as its place, without React. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Bucket, Metric } from "../../contract";
import { lonely, type PlotData, stepsOf, tickTime, unitOf } from "./charting";
import { compact } from "./figures";

const HEIGHT = 232;
/** Ticks of whole things: nobody is half active. Time may be cut. */
const PARTS = [0.1, 0.2, 0.5];
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6];
const FORCED = "(forced-colors: active)";
/** What decides the colours beside the page itself. On paper they are the light ones. */
const SCHEMES = ["(prefers-color-scheme: dark)", FORCED, "print"];

interface Palette {
  line: string;
  area: string;
  text: string;
  grid: string;
  surface: string;
}

/** The tokens as colours: a canvas knows no CSS variables, and `light-dark()` is decided by the page. */
function paletteOf(host: HTMLElement): Palette {
  const probe = host.ownerDocument.createElement("span");
  host.append(probe);
  const read = (value: string): string => {
    probe.style.color = value;
    return getComputedStyle(probe).color;
  };
  const palette = {
    line: read("var(--cw-accent)"),
    // Where the system chooses the colours, none is transparent.
    area: window.matchMedia(FORCED).matches
      ? "transparent"
      : read("color-mix(in srgb, var(--cw-accent) 12%, transparent)"),
    text: read("var(--cw-text-3)"),
    grid: read("var(--cw-line)"),
    surface: read("var(--cw-surface)"),
  };
  probe.remove();
  return palette;
}

export class Drawing {
  readonly #host: HTMLElement;
  readonly #plot: uPlot;
  readonly #stops: (() => void)[] = [];
  #palette: Palette;

  /** @param onPoint the index of the point under the pointer, null when there is none */
  constructor(host: HTMLElement, metric: Metric, bucket: Bucket, onPoint: (index: number | null) => void) {
    this.#host = host;
    this.#palette = paletteOf(host);
    this.#plot = new uPlot(this.#options(metric, bucket, onPoint), [[], [], []], host);
    this.#followSize();
    this.#followTheme();
  }

  show(data: PlotData): void {
    this.#plot.setData(data);
  }

  end(): void {
    for (const stop of this.#stops) stop();
    this.#plot.destroy();
  }

  #options(metric: Metric, bucket: Bucket, onPoint: (index: number | null) => void): uPlot.Options {
    const axis = {
      stroke: () => this.#palette.text,
      font: `12px ${getComputedStyle(this.#host).fontFamily}`,
      ticks: { show: false },
      border: { show: false },
    };
    const { mark, least } = unitOf(metric, bucket);
    const steps = stepsOf(bucket);
    return {
      width: this.#host.clientWidth,
      height: HEIGHT,
      padding: [12, 20, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
      scales: {
        // An empty hour is a line at the bottom, and a share is a part of all.
        y: {
          range: (_plot, _low, high) => [
            0,
            metric === "average_score" ? least : Math.max(least, (high ?? 0) * 1.1),
          ],
        },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          gap: 8,
          size: 32,
          space: 72,
          ...(steps && { incrs: steps }),
          values: (_plot, splits) => splits.map((time) => tickTime(time * 1_000, bucket)),
        },
        {
          ...axis,
          grid: { stroke: () => this.#palette.grid, width: 1 },
          gap: 8,
          size: (_plot, values) => 16 + 7.5 * Math.max(3, ...(values ?? []).map(({ length }) => length)),
          incrs: metric === "time_on_task_s" ? [...PARTS, ...WHOLE] : WHOLE,
          values: (_plot, splits) => splits.map((value) => `${compact(value)}${mark}`),
        },
      ],
      series: [
        {},
        {
          stroke: () => this.#palette.line,
          fill: () => this.#palette.area,
          width: 2,
          points: {
            show: false,
            filter: (plot, series) => lonely([...(plot.data[series] ?? [])]),
            size: 6,
            fill: () => this.#palette.line,
          },
        },
        { stroke: () => this.#palette.line, width: 2, dash: [3, 4], points: { show: false } },
      ],
      hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
    };
  }

  #followSize(): void {
    const observer = new ResizeObserver(() => {
      const width = this.#host.clientWidth;
      if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
    });
    observer.observe(this.#host);
    this.#stops.push(() => observer.disconnect());
  }

  #followTheme(): void {
    const repaint = (): void => {
      this.#palette = paletteOf(this.#host);
      this.#plot.redraw(false, true);
    };
    const queries = SCHEMES.map((scheme) => window.matchMedia(scheme));
    for (const query of queries) query.addEventListener("change", repaint);
    const observer = new MutationObserver(repaint);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
    this.#stops.push(
      () => {
        for (const query of queries) query.removeEventListener("change", repaint);
      },
      () => observer.disconnect(),
    );
  }
}
