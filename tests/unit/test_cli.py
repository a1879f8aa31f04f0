"""The command line: what it prints, what it starts, and one line for each mistake."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from coursewire import __version__
from coursewire.cli import app
from coursewire.identity.tokens import Verifier
from coursewire.namespaces.notifications.delivery.vapid import Vapid
from coursewire.settings import DEVELOPMENT_SECRET, Settings, reference

ROOT = Path(__file__).parents[2]
OTHER_SECRET = "a-secret-of-our-own-that-is-long-enough"
runner = CliRunner()


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("COURSEWIRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def verified(token: str, secret: str = DEVELOPMENT_SECRET) -> Any:
    return Verifier(secret=secret).verify(token, time.time_ns() // 1_000_000)


class Calls(ModuleType):
    """Stands where the server or the terminal client would be, and keeps what it was called with."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        super().__init__(name)
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self.error = error

    def serve(self, *args: Any, **kwargs: Any) -> None:
        self.calls.append((args, kwargs))
        if self.error is not None:
            raise self.error

    run = serve


def in_place_of(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception | None = None) -> Calls:
    calls = Calls(name, error)
    monkeypatch.setitem(sys.modules, name, calls)
    return calls


def test_help_names_every_command() -> None:
    result = runner.invoke(app, ["--help"])
    assert result.exit_code == 0
    for command in (
        "serve",
        "demo",
        "token",
        "migrate",
        "vapid",
        "contracts",
        "chat",
        "notify",
        "notifications",
    ):
        assert command in result.output


def test_the_version() -> None:
    assert runner.invoke(app, ["--version"]).output == f"{__version__}\n"


# token


def test_a_token_is_one_line_and_says_what_was_asked_for() -> None:
    options = [
        "--user",
        "ada",
        "--name",
        "Ada L.",
        "--role",
        "instructor",
        "--role",
        "mentor",
        "--course",
        "cs101",
    ]
    result = runner.invoke(app, ["token", *options, "--course", "cs102=learner", "--ttl", "60"])
    assert (result.exit_code, result.stderr) == (0, "")
    [line] = result.stdout.splitlines()
    caller = verified(line)
    assert (caller.user_id, caller.name, caller.roles) == ("ada", "Ada L.", {"instructor", "mentor"})
    assert caller.courses == {"cs101": {"instructor", "mentor"}, "cs102": {"learner"}}
    assert 0 < caller.expires_at - caller.issued_at <= 60_000


def test_a_token_without_courses_says_nothing_about_them() -> None:
    caller = verified(runner.invoke(app, ["token", "--user", "ada"]).stdout.strip())
    assert (caller.name, caller.roles, caller.claims_courses) == ("ada", frozenset(), False)


def test_a_service_token_needs_no_user() -> None:
    caller = verified(runner.invoke(app, ["token", "--service"]).stdout.strip())
    assert (caller.user_id, caller.is_service) == ("service", True)


def test_a_token_is_signed_as_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSEWIRE_JWT_SECRET", OTHER_SECRET)
    monkeypatch.setenv("COURSEWIRE_JWT_ISSUER", "lms")
    token = runner.invoke(app, ["token", "--user", "ada"]).stdout.strip()
    verifier = Verifier(secret=OTHER_SECRET, issuer="lms")
    assert verifier.verify(token, time.time_ns() // 1_000_000).user_id == "ada"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--user is needed"),
        (["--user", "a b"], "--user: "),
        (["--user", "ada", "--name", "\n"], "--name: "),
        (["--user", "ada", "--role", "boss"], "--role: 'boss' is no role"),
        (["--user", "ada", "--course", "cs 101"], "--course: "),
        (["--user", "ada", "--course", "cs101=boss"], "--course: 'boss' is no role"),
    ],
)
def test_a_wrong_option_is_one_line_and_no_token(options: list[str], message: str) -> None:
    result = runner.invoke(app, ["token", *options])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"coursewire: {message}")
    assert len(result.stderr.splitlines()) == 1


def test_a_variable_that_does_nothing_is_told_beside_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed with the wrong secret it would be refused, and nobody could tell why."""
    monkeypatch.setenv("COURSEWIRE_JWT_SECRTE", OTHER_SECRET)
    result = runner.invoke(app, ["token", "--user", "ada"])
    assert verified(result.stdout.strip()).user_id == "ada"
    assert result.stderr == (
        "coursewire: COURSEWIRE_JWT_SECRTE: there is no such setting; is COURSEWIRE_JWT_SECRET meant?\n"
    )


def test_no_token_without_a_secret_to_sign_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSEWIRE_JWKS_URL", "https://lms.example.edu/keys")
    result = runner.invoke(app, ["token", "--user", "ada"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "COURSEWIRE_JWT_SECRET" in result.stderr


# serve, demo


def test_serve_starts_the_server_with_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    server = in_place_of(monkeypatch, "coursewire.serving")
    monkeypatch.setenv("COURSEWIRE_PORT", "4000")
    assert runner.invoke(app, ["serve", "--host", "0.0.0.0", "--env", "staging"]).exit_code == 0  # noqa: S104
    [((settings,), options)] = server.calls
    assert isinstance(settings, Settings)
    assert (settings.host, settings.port, settings.env) == ("0.0.0.0", 4_000, "staging")  # noqa: S104
    assert options == {"demo": False}


def test_demo_lets_people_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    server = in_place_of(monkeypatch, "coursewire.serving")
    assert runner.invoke(app, ["demo", "--port", "4000"]).exit_code == 0
    [((settings,), options)] = server.calls
    assert (settings.demo_login, settings.port, options) == (True, 4_000, {"demo": True, "still": False})


def test_there_is_no_demo_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    server = in_place_of(monkeypatch, "coursewire.serving")
    monkeypatch.setenv("COURSEWIRE_ENV", "production")
    result = runner.invoke(app, ["demo"])
    assert result.exit_code == 1
    assert "COURSEWIRE_DEMO_LOGIN" in result.stderr
    assert server.calls == []


def test_production_names_each_problem_in_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    server = in_place_of(monkeypatch, "coursewire.serving")
    result = runner.invoke(app, ["serve", "--env", "production"])
    assert result.exit_code == 1
    assert [line.split(" ")[1] for line in result.stderr.splitlines()] == [
        "COURSEWIRE_JWT_SECRET",
        "COURSEWIRE_ALLOWED_ORIGINS",
    ]
    assert server.calls == []


def test_a_port_that_is_taken_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    in_place_of(monkeypatch, "coursewire.serving", OSError(98, "address already in use"))
    result = runner.invoke(app, ["serve"])
    assert result.exit_code == 1
    assert result.stderr == "coursewire: [Errno 98] address already in use\n"


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    in_place_of(monkeypatch, "coursewire.serving", RuntimeError("a bug"))
    assert isinstance(runner.invoke(app, ["serve"]).exception, RuntimeError)


@pytest.mark.parametrize("option", [["--port", "x"], ["--env", "moon"], ["--colour", "red"]])
def test_an_option_that_is_none_is_refused(option: list[str]) -> None:
    assert runner.invoke(app, ["serve", *option]).exit_code == 2


# migrate, contracts, chat, notify, notifications


def test_migrate_makes_the_database_and_does_nothing_the_second_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COURSEWIRE_DATABASE_URL", "sqlite:///campus.db")
    for _ in range(2):
        result = runner.invoke(app, ["migrate"])
        assert (result.exit_code, result.stdout) == (0, "")
        assert (tmp_path / "campus.db").stat().st_size > 0


def test_migrate_says_when_there_is_no_place_for_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSEWIRE_DATABASE_URL", "sqlite:///missing/folder/campus.db")
    result = runner.invoke(app, ["migrate"])
    assert result.exit_code == 1
    assert result.stderr.startswith("coursewire: ")
    assert "Traceback" not in result.stderr


def test_contracts_are_written_once_and_checked(tmp_path: Path) -> None:
    page = tmp_path / "docs/reference/settings/README.md"
    stale = runner.invoke(app, ["contracts", "--check"])
    assert stale.exit_code == 1
    assert "stale: docs/reference/settings/README.md" in stale.stderr
    assert not page.exists()
    written = runner.invoke(app, ["contracts"])
    assert "wrote docs/reference/settings/README.md" in written.stdout
    assert page.read_text("utf-8") == reference()
    assert runner.invoke(app, ["contracts", "--check"]).exit_code == 0
    assert runner.invoke(app, ["contracts"]).stdout == ""


def test_chat_takes_a_token_or_makes_one(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = in_place_of(monkeypatch, "coursewire.client.terminal")
    assert runner.invoke(app, ["chat", "--token", "given", "--room", "r1"]).exit_code == 0
    assert runner.invoke(app, ["chat", "--user", "ada", "--course", "cs101"]).exit_code == 0
    [(_, given), (_, made)] = terminal.calls
    assert given == {"url": "http://localhost:3001", "token": "given", "room": "r1"}
    assert verified(made["token"]).courses == {"cs101": {"learner"}}


def test_chat_needs_to_know_who(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = in_place_of(monkeypatch, "coursewire.client.terminal")
    result = runner.invoke(app, ["chat"])
    assert (result.exit_code, result.stderr) == (1, "coursewire: --user is needed\n")
    assert terminal.calls == []


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []
    for name in ("run_post", "run_watch"):
        monkeypatch.setattr(f"coursewire.client.terminal_notify.{name}", lambda *given: calls.append(given))
    return calls


def test_notify_takes_an_audience_and_makes_a_service_token(posted: list[tuple[Any, ...]]) -> None:
    options = [
        "--course",
        "cs101",
        "--role",
        "learner",
        "--category",
        "grade",
        "--link",
        "/grades",
        "--key",
        "k",
    ]
    result = runner.invoke(app, ["notify", "Grades are out", "All of them", *options])
    assert (result.exit_code, result.stderr) == (0, "")
    [(url, token, to, fields)] = posted
    assert url == "http://localhost:3001"
    assert verified(token).is_service
    assert to.model_dump(exclude_none=True) == {"course_id": "cs101", "roles": ["learner"]}
    assert (fields["title"], fields["body"], fields["category"]) == ("Grades are out", "All of them", "grade")
    assert fields["action"] == {"label": "Open", "url": "/grades"}
    assert fields["key"] == "k"


@pytest.mark.parametrize(
    "options",
    [[], ["--user", "ada", "--everyone"], ["--everyone", "--role", "learner"], ["--user", "a b"]],
)
def test_notify_needs_one_audience(options: list[str], posted: list[tuple[Any, ...]]) -> None:
    result = runner.invoke(app, ["notify", "Hello", *options])
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("coursewire: ")
    assert posted == []


def test_notifications_takes_a_token_or_makes_one(posted: list[tuple[Any, ...]]) -> None:
    assert runner.invoke(app, ["notifications", "--token", "given", "--history", "5"]).exit_code == 0
    assert runner.invoke(app, ["notifications", "--user", "ada"]).exit_code == 0
    given, made = posted
    assert given == ("http://localhost:3001", "given", 5)
    assert verified(made[1]).user_id == "ada"
    assert runner.invoke(app, ["notifications"]).stderr == "coursewire: --user is needed\n"


@pytest.mark.parametrize("command", [["chat"], ["notifications"], ["notify", "Hello", "--everyone"]])
@pytest.mark.parametrize(
    "options",
    [
        ["--url", "nonsense"],
        ["--url", "ftp://localhost"],
        ["--url", "http://"],
        ["--url", "http://[::1"],
        ["--url", "http://localhost:99999"],
        ["--url", "http://localhost:0"],
        ["--token", "schlüssel"],
    ],
)
def test_what_no_server_can_be_asked_with_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    posted: list[tuple[Any, ...]],
    command: list[str],
    options: list[str],
) -> None:
    """It would be tried for ever, or end in a traceback."""
    terminal = in_place_of(monkeypatch, "coursewire.client.terminal")
    result = runner.invoke(
        app, [*command, *(["--token", "given"] if options[0] == "--url" else []), *options]
    )
    assert result.exit_code == 1
    assert result.stderr.startswith(f"coursewire: {options[0]}: ")
    assert len(result.stderr.splitlines()) == 1
    assert (terminal.calls, posted) == ([], [])


def test_a_token_lasts_no_longer_than_a_server_can_write() -> None:
    longest = ["token", "--user", "ada", "--ttl"]
    assert verified(runner.invoke(app, [*longest, "315360000"]).stdout.strip()).user_id == "ada"
    assert runner.invoke(app, [*longest, "315360001"]).exit_code == 2


def test_a_key_pair_is_a_setting_and_new_each_time() -> None:
    first, second = (runner.invoke(app, ["vapid"]).output for _ in range(2))
    assert first != second
    setting, comment = first.splitlines()
    name, _, key = setting.partition("=")
    assert name == "COURSEWIRE_VAPID_PRIVATE_KEY"
    assert comment == f"# public key: {Vapid(key, 'mailto:ops@example.edu').public_key}"
