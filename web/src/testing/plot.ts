/** A uPlot without a canvas: remembers what it was told to draw. */

type Data = [number[], (number | null)[]];

interface Options {
  width: number;
  axes: { values: (plot: unknown, splits: number[]) => string[] }[];
  scales: { y: { range: (plot: unknown, low: number | null, high: number | null) => [number, number] } };
  hooks: { setCursor: ((plot: FakePlot) => void)[] };
}

export class FakePlot {
  /** Those that nobody has destroyed. */
  static readonly all: FakePlot[] = [];
  readonly cursor: { idx: number | null } = { idx: null };
  width: number;
  redraws = 0;

  constructor(
    readonly options: Options,
    public data: Data,
    readonly host: HTMLElement,
  ) {
    this.width = options.width;
    FakePlot.all.push(this);
  }

  setData(data: Data): void {
    this.data = data;
  }

  setSize({ width }: { width: number }): void {
    this.width = width;
  }

  redraw(): void {
    this.redraws += 1;
  }

  destroy(): void {
    FakePlot.all.splice(FakePlot.all.indexOf(this), 1);
  }

  /** The pointer is over a point, or nowhere. */
  point(index: number | null): void {
    this.cursor.idx = index;
    for (const hook of this.options.hooks.setCursor) hook(this);
  }
}
