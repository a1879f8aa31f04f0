"""The table: medians of the rounds, ratios within the run, and a dash for what was not measured."""

from bench.fanout import percentiles
from bench.report import Results, table, value
from bench.servers import NODE, OURS, PYTHON

RESULTS: Results = {
    OURS: {"single_500": [3.0, 2.0, 90.0], "resident_kib": 8.0, "sending_per_second": 4_321.0},
    NODE: {"single_500": [6.0], "resident_kib": 16.0},
    PYTHON: {"single_500": []},
}


def test_a_value_is_the_median_of_its_rounds() -> None:
    assert value(RESULTS, OURS, "single_500") == 3.0
    assert value(RESULTS, OURS, "resident_kib") == 8.0
    assert value(RESULTS, PYTHON, "single_500") is None
    assert value(RESULTS, PYTHON, "unknown") is None


def test_the_table_shows_ratios_to_both_peers() -> None:
    rows = {line.split("|")[1].strip(): line for line in table(RESULTS, 8_000).splitlines() if line}
    cells = [cell.strip() for cell in rows["CPU us per delivery, 500 subscribers"].split("|")[2:7]]
    assert cells == ["3", "6", "-", "0.50", "-"]
    assert "4,321" in rows["durable message.send per second, 64 senders"]
    assert "CPU us per delivery, 8,000 subscribers" in rows
    assert len({len(line) for line in table(RESULTS, 8_000).partition("\n\n")[0].splitlines()}) == 1


def test_percentiles_of_a_thousand_values() -> None:
    taken = percentiles([float(number) for number in range(1_001)])
    assert taken == {"p50": 500.0, "p95": 950.0, "p99": 990.0}


def test_hostile_updates_have_a_table_of_their_own_where_they_were_measured() -> None:
    assert "hostile" not in table(RESULTS, 8_000)
    figures = {"mutants: refused": {"median": 0.01, "p99.9": 0.2, "worst": 0.4}, "all of it": {"worst": 3.0}}
    *_, first, second = table({OURS: {"hostile": figures}}, 8_000).splitlines()
    assert [cell.strip() for cell in first.split("|")[1:-1]] == [
        "mutants: refused",
        "0.01",
        "0.2",
        "0.4",
        "1",
    ]
    assert [cell.strip() for cell in second.split("|")[1:-1]] == ["all of it", "-", "-", "3", "1"]
