/** The figures of a course at one time, a tile for each; for learners also their own. */

import { LockKeyhole } from "lucide-react";
import { memo } from "react";
import type { Metrics, OwnMetrics, Window } from "../../contract";
import type { TrailPoint } from "../../services/websocket/analytics/state";
import { Again } from "./Card";
import { count, NONE, rate, share, shortSpan, windowWords } from "./figures";
import { Spark } from "./Spark";
import "./styles";

export interface MetricTilesProps {
  /** Null before they are here, and where they are withheld. */
  metrics: Metrics | null;
  window: Window;
  /** `cohort`: what everybody enrolled may know. */
  scope: "course" | "cohort" | "own" | null;
  withheld?: boolean;
  own?: OwnMetrics | null;
  /** The latest figures, for the small lines. */
  trail?: readonly TrailPoint[];
  loading?: boolean;
  onReload?: () => void;
}

interface Tile {
  label: string;
  value: string;
  hint: string;
  tone?: "warn";
  line?: readonly number[];
}

const NO_TRAIL: readonly TrailPoint[] = [];

export const MetricTiles = memo(function MetricTiles(props: MetricTilesProps) {
  const { metrics, window, scope, withheld = false, own = null, trail = NO_TRAIL, loading = false } = props;
  const isClass = scope === "cohort";
  return (
    <div className="cw-figures">
      {own && <Tiles label="You" tiles={ownTiles(own)} hasTitle />}
      {withheld ? (
        <p className="cw-withheld">
          <LockKeyhole size={18} aria-hidden="true" />
          <span>
            <strong>The figures of the class are shown when at least 5 learners are active.</strong> In{" "}
            {windowWords(window)} there were fewer, and figures of so few would tell of single people.
          </span>
        </p>
      ) : metrics ? (
        <Tiles
          label={isClass ? "The class" : "The course now"}
          tiles={courseTiles(metrics, trail)}
          hasTitle={isClass}
        />
      ) : loading ? (
        <Waiting isStaff={scope !== "cohort"} />
      ) : (
        <div className="cw-card-empty" role="alert">
          <p>The figures could not be loaded.</p>
          <Again onClick={props.onReload} />
        </div>
      )}
    </div>
  );
});

function courseTiles(metrics: Metrics, trail: readonly TrailPoint[]): Tile[] {
  const isClass = metrics.scope === "cohort";
  const period = windowWords(metrics.window).replace("the ", "");
  const tiles: Tile[] = [
    {
      label: "Active now",
      // For the class 0 stands for fewer than 5.
      value: isClass && metrics.active_now === 0 ? "under 5" : count(metrics.active_now),
      hint: "last 5 minutes",
      line: trail.map(({ active_now }) => active_now),
    },
    { label: "Active learners", value: count(metrics.active_learners), hint: period },
    {
      label: "Events / min",
      value: rate(metrics.events_per_minute),
      hint: period,
      line: trail.map(({ events_per_minute }) => events_per_minute),
    },
    { label: "Time on task", value: shortSpan(metrics.time_on_task_s), hint: "of all together" },
    { label: "Completion", value: share(metrics.completion_rate), hint: "of what was begun" },
    { label: "Submission", value: share(metrics.submission_rate), hint: "of all learners" },
    { label: "Average score", value: share(metrics.average_score), hint: "of the latest tries" },
  ];
  if (metrics.at_risk !== undefined)
    tiles.push({
      label: "At risk",
      value: count(metrics.at_risk),
      hint: "away, not passing",
      ...(metrics.at_risk > 0 && { tone: "warn" as const }),
    });
  return tiles;
}

const ownTiles = (own: OwnMetrics): Tile[] => [
  {
    label: "Time on task",
    value: shortSpan(own.time_on_task_s),
    hint: windowWords(own.window).replace("the ", ""),
  },
  { label: "Completed", value: count(own.completed), hint: windowWords(own.window).replace("the ", "") },
  { label: "Submitted", value: count(own.submitted), hint: windowWords(own.window).replace("the ", "") },
  { label: "Average score", value: share(own.average_score), hint: "of the latest tries" },
];

interface TilesProps {
  label: string;
  tiles: readonly Tile[];
  /** There are two sets of figures: each says whose it is. */
  hasTitle?: boolean;
}

function Tiles({ label, tiles, hasTitle = false }: TilesProps) {
  return (
    <>
      {hasTitle && <h3 className="cw-figures-title">{label}</h3>}
      <TileList label={label} tiles={tiles} />
    </>
  );
}

function TileList({ label, tiles }: TilesProps) {
  return (
    <dl className="cw-tiles" aria-label={label} data-count={tiles.length}>
      {tiles.map(({ label: name, value, hint, tone, line }) => (
        <div key={name} className="cw-tile" data-tone={tone} data-none={value === NONE || undefined}>
          <dt>{name}</dt>
          <dd>
            <span className="cw-tile-value">{value}</span>
            <span className="cw-tile-hint">{hint}</span>
          </dd>
          {line && <Spark values={line} />}
        </div>
      ))}
    </dl>
  );
}

const STAFF_TILES = 8;

/** Tiles of the same size, so that nothing jumps when the figures come. */
function Waiting({ isStaff }: { isStaff: boolean }) {
  const tiles = Array.from({ length: isStaff ? STAFF_TILES : STAFF_TILES - 1 }, (_, index) => index);
  return (
    <div className="cw-tiles" data-count={tiles.length} aria-busy="true">
      <span className="cw-hidden">Loading figures</span>
      {tiles.map((tile) => (
        <div key={tile} className="cw-tile" aria-hidden="true">
          <span className="cw-skeleton" style={{ width: "70%" }} />
          <span className="cw-skeleton" data-tall style={{ width: "45%" }} />
          <span className="cw-skeleton" data-thin style={{ width: "85%" }} />
        </div>
      ))}
    </div>
  );
}
