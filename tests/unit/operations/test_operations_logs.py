"""Log records: one line each, whatever is in them, and no secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursewire.identity.tokens import Issuer
from coursewire.operations.logs import JsonFormatter, LineFormatter, configure, hide_secrets

SECRET = "a-secret-for-tests-that-is-long-enough"
TOKEN, _ = Issuer(SECRET).issue("ada", "Ada")


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, as it was before when the test is over."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx")
    levels = {name: logging.getLogger(name).level for name in names}
    yield root
    logging.getLogger("uvicorn.error").filters.clear()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


def written(*, as_json: bool, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    configure(level=level, as_json=as_json, secrets=[SECRET, ""], stream=stream)
    return stream


@pytest.mark.usefixtures("root")
def test_json_records_carry_what_came_with_them() -> None:
    stream = written(as_json=True)
    logging.getLogger("coursewire.edge").warning("closed %s", "s1", extra={"reason": "stalled", "bytes": 7})
    entry = json.loads(stream.getvalue())
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "warning",
        "logger": "coursewire.edge",
        "message": "closed s1",
        "reason": "stalled",
        "bytes": 7,
    }


@pytest.mark.usefixtures("root")
def test_a_record_is_one_line_also_with_a_traceback_in_json() -> None:
    stream = written(as_json=True)
    logging.getLogger("x").error("failed\nbadly", exc_info=RuntimeError("first\nsecond"))
    [line] = stream.getvalue().splitlines()
    assert "RuntimeError: first\nsecond" in json.loads(line)["exception"]


@pytest.mark.usefixtures("root")
def test_lines_are_for_people_and_keep_the_level() -> None:
    stream = written(as_json=False, level="warning")
    logging.getLogger("coursewire.edge").info("quiet")
    logging.getLogger("coursewire.edge").warning("loud")
    [line] = stream.getvalue().splitlines()
    assert line.endswith("WARNING coursewire.edge: loud")


@pytest.mark.usefixtures("root")
def test_uvicorn_speaks_through_the_same_handler() -> None:
    stream = written(as_json=False)
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("uvicorn.access").info("GET /")
    assert stream.getvalue().splitlines()[0].endswith("INFO    uvicorn.error: started")
    assert len(stream.getvalue().splitlines()) == 1


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("as_json", [True, False])
def test_no_token_and_no_secret_gets_into_a_log(*, as_json: bool) -> None:
    stream = written(as_json=as_json)
    logger = logging.getLogger("x")
    logger.warning("refused %s", TOKEN)
    logger.warning("headers %r", {"Authorization": f"Bearer {TOKEN}", "password": "hunter2"})
    logger.warning("settings %s", SECRET, extra={"token": "opaque-token", "nested": {"jwt_secret": "x9"}})
    logger.warning("GET /x?token=opaque-token&room=1")
    logger.warning("postgresql://campus:hunter2@db.internal/campus")
    logger.error("failed", exc_info=RuntimeError(f"with {TOKEN} and {SECRET}"))
    text = stream.getvalue()
    for hidden in (TOKEN, TOKEN.split(".")[1], SECRET, "hunter2", "opaque-token", "x9"):
        assert hidden not in text
    for kept in ("room=1", "campus:[hidden]@db.internal/campus", "RuntimeError"):
        assert kept in text


@pytest.mark.parametrize(
    "harmless",
    [
        "a token is needed",
        "the token has expired",
        "https://lms.example/path",
        "course:cs101",
        "at 10:30",
        "eyJ",
    ],
)
def test_what_only_speaks_of_tokens_stays(harmless: str) -> None:
    assert hide_secrets(harmless) == harmless


_values = st.text() | st.integers() | st.floats() | st.binary() | st.just("\ud800")


@given(st.text(), st.dictionaries(st.text(max_size=10), _values, max_size=3))
def test_any_record_can_be_written(message: str, extra: dict[str, object]) -> None:
    record = logging.makeLogRecord(
        {"msg": message.replace("%", "%%"), **{f"x{key}": extra[key] for key in extra}}
    )
    record.args = ()
    assert isinstance(json.loads(JsonFormatter().format(record)), dict)
    assert LineFormatter().format(record)
