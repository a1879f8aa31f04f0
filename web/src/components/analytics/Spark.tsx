/** A line behind a figure: how it has moved since the page is open. Decoration, the figure says what counts. */

const WIDTH = 100;
const HEIGHT = 28;
/** So many points are a line; fewer say nothing. */
const LEAST = 8;

export function Spark({ values }: { values: readonly number[] }) {
  if (values.length < LEAST) return null;
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  const points = values.map((value, index) => {
    const x = (index / (values.length - 1)) * WIDTH;
    // What does not move is in the middle.
    const part = span === 0 ? 0.5 : (value - low) / span;
    const y = HEIGHT - 2 - part * (HEIGHT - 4);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg
      className="cw-spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <polyline points={points.join(" ")} />
    </svg>
  );
}
