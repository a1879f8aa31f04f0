"""Settings: where they come from, what is refused, and the page that documents them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from coursewire.settings import DEVELOPMENT_SECRET, Settings, SettingsError, load, reference, unknown
from coursewire.settings_values import SmtpServer

ROOT = Path(__file__).parents[2]
GOOD_SECRET = "a-secret-of-our-own-that-is-long-enough"
PRODUCTION = {
    "COURSEWIRE_ENV": "production",
    "COURSEWIRE_JWT_SECRET": GOOD_SECRET,
    "COURSEWIRE_ALLOWED_ORIGINS": "https://lms.example.edu, https://www.example.edu",
}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("COURSEWIRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def environment(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def problems() -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load()
    return caught.value.problems


def test_the_defaults_are_good_for_development() -> None:
    settings = load()
    assert settings.env == "development"
    assert (settings.host, settings.port) == ("127.0.0.1", 3001)
    assert (settings.jwt_issuer, settings.jwt_audience) == ("coursewire", "coursewire")
    assert (settings.ping_interval_ms, settings.ping_timeout_ms) == (5_000, 4_000)
    assert settings.signing_secret == DEVELOPMENT_SECRET
    assert settings.rate_limits


def test_settings_do_not_change() -> None:
    settings = load()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_arguments_stand_above_the_environment_and_that_above_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "coursewire.toml").write_text('host = "file"\nport = 1\nlog_level = "debug"\n')
    environment(monkeypatch, {"COURSEWIRE_HOST": "environment", "COURSEWIRE_PORT": "2"})
    settings = load(port=3, host=None)
    assert (settings.log_level, settings.host, settings.port) == ("debug", "environment", 3)


def test_lists_and_switches_are_read_from_a_variable_and_from_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "other.toml").write_text(
        'allowed_origins = ["https://a.example"]\n[flags]\n"namespace.chat" = false\n'
    )
    monkeypatch.setenv("COURSEWIRE_CONFIG", "other.toml")
    settings = load()
    assert settings.allowed_origins == ("https://a.example",)
    assert settings.flags == {"namespace.chat": False}
    environment(
        monkeypatch,
        {
            "COURSEWIRE_ALLOWED_ORIGINS": "https://b.example,https://c.example",
            "COURSEWIRE_FLAGS": "namespace.chat=on, polls=off",
            "COURSEWIRE_RATE_LIMITS": "off",
        },
    )
    settings = load()
    assert settings.allowed_origins == ("https://b.example", "https://c.example")
    assert settings.flags == {"namespace.chat": True, "polls": False}
    assert not settings.rate_limits


def test_a_named_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSEWIRE_CONFIG", "missing.toml")
    assert problems() == ["COURSEWIRE_CONFIG: there is no file missing.toml"]


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "coursewire.toml").write_text("port = \n")
    [problem] = problems()
    assert problem.startswith("coursewire.toml: ")


def test_every_wrong_value_is_named_and_none_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "coursewire.toml").write_text('colour = "sentinel"\n')
    environment(
        monkeypatch,
        {
            "COURSEWIRE_PORT": "sentinel",
            "COURSEWIRE_ENV": "sentinel",
            "COURSEWIRE_JWKS_URL": "ftp://sentinel",
            "COURSEWIRE_FLAGS": "chat=sentinel",
        },
    )
    found = problems()
    assert sorted(problem.partition(":")[0] for problem in found) == [
        "COURSEWIRE_ENV",
        "COURSEWIRE_FLAGS.chat",
        "COURSEWIRE_JWKS_URL",
        "COURSEWIRE_PORT",
        "colour",
    ]
    assert "sentinel" not in "\n".join(found)


def test_a_variable_that_is_no_setting_is_told_with_the_one_that_is_near(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a file such a line is an error; the environment is everybody's."""
    environment(
        monkeypatch,
        {
            "COURSEWIRE_JWT_SECRTE": "sentinel",
            "coursewire_rate_limit": "off",
            "COURSEWIRE_PORT_3001_TCP_ADDR": "10.0.0.1",
            "COURSEWIRE_TOKEN": "sentinel",
            "COURSEWIRE_CONFIG": "",
            "coursewire_port": "3002",
        },
    )
    assert load().port == 3002
    told = [
        "COURSEWIRE_JWT_SECRTE: there is no such setting; is COURSEWIRE_JWT_SECRET meant?",
        "COURSEWIRE_PORT_3001_TCP_ADDR: there is no such setting",
        "coursewire_rate_limit: there is no such setting; is COURSEWIRE_RATE_LIMITS meant?",
    ]
    assert unknown() == told
    monkeypatch.setenv("COURSEWIRE_DIGEST_HOUR", "24")
    assert problems()[1:] == told


def test_a_line_of_the_file_that_is_no_setting_is_an_error_with_the_one_that_is_near(tmp_path: Path) -> None:
    (tmp_path / "coursewire.toml").write_text('jwt_secrte = "sentinel"\nCOURSEWIRE_PORT = 1\ncolour = 1\n')
    assert sorted(problems()) == [
        "COURSEWIRE_PORT: there is no such setting; is port meant?",
        "colour: there is no such setting",
        "jwt_secrte: there is no such setting; is jwt_secret meant?",
    ]


def test_what_this_version_cannot_do_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(
        monkeypatch,
        {
            "COURSEWIRE_DATABASE_URL": "postgresql://user:sentinel@host/db",
            "COURSEWIRE_REDIS_URL": "redis://:sentinel@host",
        },
    )
    found = problems()
    assert [problem.split(" ")[0] for problem in found] == ["COURSEWIRE_DATABASE_URL", "COURSEWIRE_REDIS_URL"]
    assert "sentinel" not in "\n".join(found)


def test_the_secret_is_not_in_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSEWIRE_JWT_SECRET", GOOD_SECRET)
    settings = load()
    for text in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert GOOD_SECRET not in text
    assert settings.signing_secret == GOOD_SECRET


# Mail and push


MAIL = {
    "COURSEWIRE_SMTP_URL": "smtp://campus:sentinel%40%25@mail.example.edu",
    "COURSEWIRE_MAIL_FROM": "Campus <no-reply@example.edu>",
    "COURSEWIRE_PUBLIC_URL": "https://campus.example.edu",
    "COURSEWIRE_VAPID_PRIVATE_KEY": "sentinel" + "A" * 35,
    "COURSEWIRE_VAPID_CONTACT": "mailto:ops@example.edu",
}


def test_mail_and_push_are_off_unless_they_are_set() -> None:
    settings = load()
    assert (settings.smtp_server, settings.vapid_private_key) == (None, None)


@pytest.mark.parametrize(("written", "hour"), [("0", 0), ("07", 7), (" 23 ", 23)])
def test_the_hour_of_digests(monkeypatch: pytest.MonkeyPatch, written: str, hour: int) -> None:
    assert load().digest_hour == 8
    environment(monkeypatch, {"COURSEWIRE_DIGEST_HOUR": written})
    assert load().digest_hour == hour


def test_a_wrong_hour_of_digests_says_what_would_be_right(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, {"COURSEWIRE_DIGEST_HOUR": "8:00"})
    right = "must be a full hour of the day, from 0 to 23, such as 8"
    assert problems() == [f"COURSEWIRE_DIGEST_HOUR: {right}"]


def test_the_mail_server_is_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, MAIL)
    settings = load()
    assert settings.smtp_server == ("mail.example.edu", 587, "starttls", "campus", "sentinel@%")
    assert "sentinel" not in repr(settings) + settings.model_dump_json()
    assert settings.secrets[1:] == ["sentinel@%", MAIL["COURSEWIRE_VAPID_PRIVATE_KEY"]]


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://mail.example.edu", ("mail.example.edu", 465, "tls", None, None)),
        ("smtp+plain://127.0.0.1:1025", ("127.0.0.1", 1025, "plain", None, None)),
        ("smtp+plain://a:b@localhost", ("localhost", 25, "plain", "a", "b")),
    ],
)
def test_how_a_mail_server_is_spoken_to(url: str, server: tuple[object, ...]) -> None:
    assert SmtpServer.parse(url) == server


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COURSEWIRE_SMTP_URL", "mail.sentinel.edu:587"),
        ("COURSEWIRE_SMTP_URL", "https://mail.sentinel.edu"),
        ("COURSEWIRE_SMTP_URL", "smtp://"),
        ("COURSEWIRE_SMTP_URL", "smtp://sentinel:99999"),
        ("COURSEWIRE_SMTP_URL", "smtp://sentinel@mail.example.edu"),
        ("COURSEWIRE_SMTP_URL", "smtp://mail.example.edu/sentinel"),
        ("COURSEWIRE_SMTP_URL", "smtp+plain://campus:sentinel@mail.example.edu"),
        ("COURSEWIRE_MAIL_FROM", "sentinel"),
        ("COURSEWIRE_MAIL_FROM", "Campus <sentinel>"),
        ("COURSEWIRE_MAIL_FROM", ""),
        ("COURSEWIRE_PUBLIC_URL", ""),
        ("COURSEWIRE_TIME_ZONE", "Europe/sentinel"),
        ("COURSEWIRE_TIME_ZONE", "/etc/sentinel"),
        ("COURSEWIRE_DIGEST_HOUR", "24"),
        ("COURSEWIRE_LOG_DAYS", "inf"),
        ("COURSEWIRE_JOB_DAYS", "1e300"),
        ("COURSEWIRE_JOB_STALLED_AFTER_S", "inf"),
        ("COURSEWIRE_JOB_STALLED_AFTER_S", "0.001"),
        ("COURSEWIRE_DIGEST_HOUR", "-1"),
        ("COURSEWIRE_DIGEST_HOUR", "8:00"),
        ("COURSEWIRE_DIGEST_HOUR", "sentinel"),
        ("COURSEWIRE_PUBLIC_URL", "sentinel.example.edu"),
        ("COURSEWIRE_VAPID_PRIVATE_KEY", "sentinel"),
        ("COURSEWIRE_VAPID_CONTACT", "sentinel"),
        ("COURSEWIRE_VAPID_CONTACT", ""),
    ],
)
def test_a_wrong_setting_of_mail_or_push_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    environment(monkeypatch, MAIL | {variable: value})
    [problem] = problems()
    assert re.match(rf"{variable}[: ]", problem)
    assert "sentinel" not in problem


# What would not do what it says


@pytest.mark.parametrize(
    "origin",
    [
        "https://lms.example.edu",
        "http://localhost:5173",
        "http://[::1]:3001",
        "capacitor://localhost",
        "null",
        "*",
    ],
)
def test_origins_as_browsers_send_them(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("COURSEWIRE_ALLOWED_ORIGINS", f"https://www.example.edu, {origin}")
    assert load().allowed_origins == ("https://www.example.edu", origin)


@pytest.mark.parametrize(
    "origin",
    [
        "lms.example.edu",
        "https://lms.example.edu/",
        "https://lms.example.edu/course",
        "https://*.example.edu",
        "https://LMS.example.edu",
        "https://lms.example.edu:443",
        "http://lms.example.edu:80",
        "https://",
    ],
)
def test_an_origin_that_would_let_nobody_in_is_refused(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("COURSEWIRE_ALLOWED_ORIGINS", f"https://www.example.edu, {origin}")
    [problem] = problems()
    assert problem.startswith(
        "COURSEWIRE_ALLOWED_ORIGINS.1: must be an origin as browsers send it, such as https://"
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COURSEWIRE_DRAIN_TIMEOUT_S", "inf"),
        ("COURSEWIRE_STALL_TIMEOUT_S", "inf"),
        ("COURSEWIRE_REQUEST_TIMEOUT_S", "inf"),
        ("COURSEWIRE_COMMANDS_PER_SECOND", "inf"),
        ("COURSEWIRE_COMMANDS_BURST", "inf"),
        ("COURSEWIRE_JWKS_URL", "https:///keys"),
        ("COURSEWIRE_DATABASE_URL", "sqlite:campus.db"),
        ("COURSEWIRE_DATABASE_URL", "sqlite://campus.db"),
        ("COURSEWIRE_DATABASE_URL", "sqlite://var/lib/campus.db"),
        ("COURSEWIRE_DATABASE_URL", "sqlite:///campus.db?mode=ro"),
        ("COURSEWIRE_DATABASE_URL", "sqlite:///file:campus.db"),
    ],
)
def test_what_would_fail_later_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    [problem] = problems()
    assert re.match(rf"{variable}[: ]", problem)


def test_the_demo_needs_a_secret_to_sign_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tokens would be good for nothing."""
    environment(
        monkeypatch, {"COURSEWIRE_DEMO_LOGIN": "on", "COURSEWIRE_JWKS_URL": "https://lms.example.edu/keys"}
    )
    [problem] = problems()
    assert problem.startswith("COURSEWIRE_DEMO_LOGIN ")
    monkeypatch.setenv("COURSEWIRE_JWT_SECRET", GOOD_SECRET)
    assert load().demo_login


def test_a_file_that_is_no_text_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("COURSEWIRE_CONFIG", "other.toml")
    [problem] = problems()
    assert problem.startswith("other.toml: ")


# Production


def test_production_starts_with_settings_that_are_fit_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, PRODUCTION)
    settings = load()
    assert settings.is_production
    assert settings.logs_json
    assert settings.allowed_origins == ("https://lms.example.edu", "https://www.example.edu")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COURSEWIRE_JWT_SECRET", DEVELOPMENT_SECRET),
        ("COURSEWIRE_JWT_SECRET", "x" * 31),
        ("COURSEWIRE_JWKS_URL", "http://lms.example.edu/keys"),
        ("COURSEWIRE_PUSH_PRIVATE_ADDRESSES", "on"),
        ("COURSEWIRE_ALLOWED_ORIGINS", "*"),
        ("COURSEWIRE_ALLOWED_ORIGINS", "https://lms.example.edu, *"),
        ("COURSEWIRE_RATE_LIMITS", "off"),
        ("COURSEWIRE_DEMO_LOGIN", "on"),
        ("COURSEWIRE_DATABASE_URL", "sqlite://"),
        ("COURSEWIRE_DATABASE_URL", "sqlite:///"),
        ("COURSEWIRE_DATABASE_URL", "sqlite:///:memory:"),
    ],
)
def test_production_refuses_what_is_only_good_for_development(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    environment(monkeypatch, {**PRODUCTION, variable: value})
    [problem] = problems()
    assert problem.startswith(f"{variable} ")
    monkeypatch.setenv("COURSEWIRE_ENV", "staging")
    assert load().env == "staging"


def test_production_names_every_problem_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(
        monkeypatch,
        {"COURSEWIRE_ENV": "production", "COURSEWIRE_RATE_LIMITS": "off", "COURSEWIRE_DEMO_LOGIN": "on"},
    )
    assert [problem.split(" ")[0] for problem in problems()] == [
        "COURSEWIRE_JWT_SECRET",
        "COURSEWIRE_ALLOWED_ORIGINS",
        "COURSEWIRE_RATE_LIMITS",
        "COURSEWIRE_DEMO_LOGIN",
    ]


def test_with_a_key_set_the_development_secret_signs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise anybody could sign tokens for a server whose tokens come from elsewhere."""
    environment(monkeypatch, {**PRODUCTION, "COURSEWIRE_JWKS_URL": "https://lms.example.edu/keys"})
    assert load().signing_secret == GOOD_SECRET
    monkeypatch.delenv("COURSEWIRE_JWT_SECRET")
    assert load().signing_secret is None


# The page about them


def test_the_page_about_settings_is_up_to_date() -> None:
    """`coursewire contracts` writes it."""
    assert (ROOT / "docs/reference/settings/README.md").read_text("utf-8") == reference()


def test_every_setting_is_on_the_page_with_a_description() -> None:
    rows = {
        row.split("`")[1]: row.split("|")[3].strip()
        for row in reference().splitlines()
        if row.startswith("| `")
    }
    assert rows.keys() == {f"COURSEWIRE_{name.upper()}" for name in Settings.model_fields}
    assert all(rows.values())
