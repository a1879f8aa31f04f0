"""The table that is printed, with ratios within the run, and the JSON that keeps every round."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.servers import HOCUSPOCUS, LEAST, NODE, OURS, PYTHON, ROOT

Results = Mapping[str, Mapping[str, Any]]
"""Server -> measure -> one value, or one per round."""

MEASURES: tuple[tuple[str, str, str], ...] = (
    # measure, label, what the issue asks for
    ("single_500", "CPU us per delivery, 500 subscribers", "0.6 x node, 0.15 x python"),
    ("single_500_marginal", "  without the cost of publishing", ""),
    (
        "unstored_500",
        "CPU us per delivery, 500, an event that nobody stores (typing)",
        "",
    ),
    ("burst_500", "CPU us per delivery, 500, bursts of ten", "0.2 x node"),
    ("burst_500_marginal", "  without the cost of publishing", ""),
    ("single_large", "CPU us per delivery, {large} subscribers", "0.6 x node, 0.15 x python"),
    ("burst_large", "CPU us per delivery, {large}, bursts of ten", "0.2 x node"),
    ("publish", "CPU us per publish to an empty room", ""),
    ("connections_per_cpu_second", "connections per CPU second", "1.0 x node"),
    ("again_per_cpu_second", "  when the same people come back", ""),
    ("resident_kib", "KiB resident per client", "1.0 x node"),
    ("proportional_kib", "KiB proportional (PSS) per client", "1.0 x node"),
    ("latency_p50", "ms publish to receipt, p50", ""),
    ("latency_p95", "ms publish to receipt, p95", ""),
    ("latency_p99", "ms publish to receipt, p99", ""),
)
OURS_ONLY: tuple[tuple[str, str, str], ...] = (
    ("sending_per_second", "durable message.send per second, 64 senders", "3,000"),
    ("sending_cpu_us", "CPU us per durable message", ""),
    ("sending_p50", "ms to its acknowledgement under that load, p50", ""),
    ("sending_p99", "ms to its acknowledgement under that load, p99", ""),
    ("idle_p50", "ms to an acknowledgement when idle, p50", "5"),
    ("idle_p99", "ms to an acknowledgement when idle, p99", ""),
    ("catch_up_seconds", "s until 500 clients have the 100 messages that each missed", "3"),
    ("catch_up_replay_reads", "reads of the log for that", "1"),
    ("catch_up_cpu_us", "CPU us per replayed event", ""),
    ("notice_all", "ms until a course of 500 has a notification, median of ten", "500"),
    ("notice_p50", "ms to each of them, ten a second for a minute, p50", ""),
    ("notice_p99", "ms to each of them, ten a second for a minute, p99", "1,000"),
    ("notice_lag", "ms that the event loop was late meanwhile, at worst", "50"),
    ("notice_cpu_us", "CPU us per notification and person", ""),
)
ANALYTICS: tuple[tuple[str, str, str], ...] = (
    ("activity_per_second", "activity events per second, one reporter, batches of 500", ""),
    ("activity_steady", "activity events per second when 5,000 are sent", "5,000"),
    ("activity_cpu_us", "CPU us per event, figures and rollups included", ""),
    ("activity_answer_p99", "ms to the answer to a batch meanwhile, p99", ""),
    ("activity_lag_p50", "ms from a batch's request until a dashboard shows it, p50", ""),
    ("activity_lag_p99", "ms from a batch's request until a dashboard shows it, p99", "1,000"),
    ("activity_age_p99", "  from the answer to it, p99", "1,000"),
    ("activity_read_p50", "ms from its request until `metrics.read` has a batch, asked 10 x/s, p50", ""),
    ("activity_read_p99", "ms from its request until `metrics.read` has a batch, asked 10 x/s, p99", "1,000"),
    ("activity_series_p50", "ms from its request until `metrics.series` has a batch, asked 10 x/s, p50", ""),
    (
        "activity_series_p99",
        "ms from its request until `metrics.series` has a batch, asked 10 x/s, p99",
        "1,000",
    ),
    ("activity_reading_us", "CPU us for a question of each kind", ""),
    ("activity_reading_percent", "  all of them, of the server's CPU meanwhile, %", ""),
    ("dashboards_updates", "updates per second for 2,000 dashboards of 50 courses", ""),
    ("dashboards_update_us", "CPU us per update, its 40 dashboards included", ""),
    ("dashboards_delivery_us", "  per delivery, what nobody looks at taken off", ""),
    ("dashboards_fanout_percent", "  share of it that is fan-out, taking activity in left out, %", "50"),
    ("dashboards_fanout_of_all_percent", "  share of all CPU that is fan-out, %", "50"),
    ("progress_ns", "ns per call of job.progress, a million in a row", "1,000"),
    ("track_ns", "ns per item of job.track", ""),
    ("progress_per_second", "updates per second that a busy loop sends", "4"),
)
DOCUMENTS: tuple[tuple[str, str, str], ...] = (
    ("crowd_us", "CPU us per update, 100 editors, 2 updates/s each, cursors at 5 Hz", "0.7 x hocuspocus"),
    ("update_us", "  without cursors", "0.7 x hocuspocus"),
    ("update_p50", "ms from editor to editor, cursors at 5 Hz too, p50", ""),
    ("update_p99", "ms from editor to editor, cursors at 5 Hz too, p99", "50"),
    ("document_kib", "KiB resident per open document of 1,500 edits, with its editor", "1.0 x hocuspocus"),
)
DOCUMENTS_ALONE: tuple[tuple[str, str, str], ...] = (
    ("open_first_ms", "ms to open a document of 260,000 edits, the first time after a start", "100"),
    ("open_again_ms", "ms to open it again", "100"),
)


def value(results: Results, server: str, measure: str) -> float | None:
    """Return a measure, the median of its rounds; None when it was not taken."""
    found = results.get(server, {}).get(measure)
    if isinstance(found, list):
        return statistics.median(found) if found else None
    return found


def table(results: Results, large: int) -> str:
    """Return the tables as Markdown: with peers, alone, analytics, and documents."""
    heads = ("", OURS, NODE, PYTHON, f"{OURS} / node", f"{OURS} / python", "goal")
    rows = [heads]
    for measure, label, goal in MEASURES:
        ours, node, python = (value(results, server, measure) for server in (OURS, NODE, PYTHON))
        numbers = (_number(ours), _number(node), _number(python), _ratio(ours, node), _ratio(ours, python))
        rows.append((label.format(large=f"{large:,}"), *numbers, goal))
    blocks = [_markdown(rows)]
    floor = [("how little there could be, 500 subscribers, one message", "us per delivery", "/ node")]
    for name in LEAST:
        bare = value(results, name, "single_500")
        floor.append(
            (f"{name} (peers/bare.py)", _number(bare), _ratio(bare, value(results, NODE, "single_500")))
        )
    blocks.append(_markdown(floor))
    for head, measures in (("coursewire alone", OURS_ONLY), ("analytics", ANALYTICS)):
        alone = [(head, "", "goal")]
        alone += [(label, _number(value(results, OURS, measure)), goal) for measure, label, goal in measures]
        blocks.append(_markdown(alone))
    documents = [("documents", OURS, HOCUSPOCUS, f"{OURS} / {HOCUSPOCUS}", "goal")]
    for measure, label, goal in DOCUMENTS:
        ours, theirs = (value(results, server, measure) for server in (OURS, HOCUSPOCUS))
        documents.append((label, _number(ours), _number(theirs), _ratio(ours, theirs), goal))
    for measure, label, goal in DOCUMENTS_ALONE:
        documents.append((label, _number(value(results, OURS, measure)), "", "", goal))
    hostile = [("ms of CPU for a hostile update", "median", "p99.9", "worst", "goal")]
    for label, figures in results.get(OURS, {}).get("hostile", {}).items():
        hostile.append((label, *(_number(figures.get(key)) for key in ("median", "p99.9", "worst")), "1"))
    return "\n\n".join([*blocks, _markdown(documents), *([_markdown(hostile)] if hostile[1:] else [])])


def save(results: Results, about: Mapping[str, Any]) -> Path:
    """Write everything that was measured to `bench/results/`, which git ignores, and return where."""
    folder = ROOT / "bench/results"
    folder.mkdir(exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.json"
    path.write_text(json.dumps({"about": about, "results": results}, indent=2) + "\n")
    return path


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, versions, commit."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "node": _output("node", "--version"),
        "commit": _output("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"),
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _number(number: float | None) -> str:
    if number is None:
        return "-"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _ratio(ours: float | None, other: float | None) -> str:
    return "-" if ours is None or not other else f"{ours / other:.2f}"


def _markdown(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    ruler = ("-" * widths[0], *("-" * max(width - 1, 2) + ":" for width in widths[1:-1]), "-" * widths[-1])
    lines = []
    for row in (rows[0], ruler, *rows[1:]):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        cells.append(row[-1].ljust(widths[-1]))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
