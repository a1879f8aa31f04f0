"""Everything an operator can set: `COURSEWIRE_*` variables over `coursewire.toml` over the defaults."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    SerializationInfo,
    ValidationError,
    field_serializer,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from coursewire import settings_values as values
from coursewire.settings_values import SmtpServer

DEVELOPMENT_SECRET: Final = "coursewire-development-secret-not-for-production"  # noqa: S105  # refused in production
MIN_SECRET_BYTES: Final = 32
"""RFC 7518, 3.2: an HS256 key is at least as long as the hash."""
PREFIX: Final = "COURSEWIRE_"
CONFIG_VARIABLE: Final = "COURSEWIRE_CONFIG"
_OTHER_VARIABLES: Final = {CONFIG_VARIABLE, "COURSEWIRE_TOKEN", "COURSEWIRE_URL"}
"""Not of the server: where its file is, and what clients sign in with, and where."""
_CONFIG_FILE: Final = "coursewire.toml"

Environment = Literal["development", "staging", "production"]


class SettingsError(ValueError):
    """What is wrong with the settings, one line per problem; never shows a value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


Hour = Annotated[int, BeforeValidator(values.hour)]
Days = Annotated[float, Field(gt=0, le=36_500)]
Origin = Annotated[str, AfterValidator(values.origin)]
Origins = Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(values.listed)]
Switches = Annotated[dict[str, bool], NoDecode, BeforeValidator(values.switches)]


class Settings(BaseSettings):
    """The settings of one server; immutable."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # an input may be a secret
        allow_inf_nan=False,
        validate_default=False,
    )

    env: Environment = Field(
        "development",
        description="`production` refuses to start with settings that are only good for development.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on; `0.0.0.0` for all.")
    port: int = Field(3001, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    database_url: str = Field(
        "sqlite:///coursewire.db",
        description="Where everything is kept. `sqlite://` without a path is forgotten at the end.",
    )
    redis_url: str | None = Field(None, description="The bus between nodes; without it there is one node.")

    jwt_secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET),
        description="Shared secret of HS256 tokens, at least 32 bytes. With `jwks_url` it may be left out.",
    )
    jwt_issuer: str = Field("coursewire", min_length=1, description="What tokens must carry as `iss`.")
    jwt_audience: str = Field("coursewire", min_length=1, description="What tokens must carry in `aud`.")
    jwt_leeway_s: float = Field(5.0, ge=0, le=60, description="By how many seconds clocks may differ.")
    jwks_url: str | None = Field(
        None,
        pattern="^https?://[^/]",
        description="Key set of an issuer that signs with RS256, ES256 or EdDSA.",
    )
    demo_login: bool = Field(False, description="Lets anybody sign in as a person of the demo campus.")

    allowed_origins: Origins = Field(
        ("*",),
        description="Origins whose pages may connect, as browsers send them, separated by commas; `*` for all.",
    )
    rate_limits: bool = Field(True, description="Limits per caller; `off` for load tests.")
    commands_per_second: float = Field(20.0, gt=0, description="Commands that one caller may send for long.")
    commands_burst: float = Field(60.0, ge=1, description="Commands that one caller may send at once.")
    max_subscriptions: int = Field(200, ge=1, description="Channels of one session.")
    replay_events: int = Field(
        1_000, ge=1, description="Events of one replay; who missed more loads a snapshot."
    )

    ping_interval_ms: int = Field(5_000, ge=100, description="Time between heartbeats.")
    ping_timeout_ms: int = Field(4_000, ge=100, description="Time to answer a heartbeat.")
    connect_timeout_ms: int = Field(
        45_000, ge=100, description="Time for a session to enter its first namespace."
    )
    max_payload: int = Field(1_000_000, ge=1_024, description="Bytes of one message from a client.")
    outbox_bytes: int = Field(1 << 20, ge=4_096, description="Bytes that may wait for one connection (FAN3).")
    stall_timeout_s: float = Field(30.0, gt=0, description="Time that a full connection may stand still.")
    request_timeout_s: float = Field(30.0, gt=0, description="Time for an HTTP request to arrive whole.")
    max_sessions: int = Field(20_000, ge=1, description="Connections of one server; further ones get 503.")
    max_body_bytes: int = Field(2 << 20, ge=1_024, description="Bytes of one HTTP request's body.")

    public_url: str | None = Field(
        None,
        pattern="^https?://[^/]",
        description="Where people reach this server with a browser: links in mails lead there.",
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="Server for mails of notifications: `smtp://user:password@host:587` demands STARTTLS, `smtps://`"
        " speaks TLS from the start, `smtp+plain://` does not encrypt. Without it no mail is sent.",
    )
    mail_from: str | None = Field(None, description="Sender of mails: `Campus <no-reply@example.edu>`.")
    vapid_private_key: SecretStr | None = Field(
        None,
        description="Key for Web Push, made by `coursewire vapid`. Without it no push message is sent.",
    )
    vapid_contact: str | None = Field(
        None,
        pattern="^(mailto:[^@]+@[^@]+|https://[^/].*)$",
        description="Where operators of push services reach you: `mailto:ops@example.edu`.",
    )
    time_zone: str = Field("UTC", description="When digests leave, for people who have not told their zone.")
    digest_hour: Hour = Field(8, description="Hour, 0 to 23, of digests in each person's time zone.")
    push_private_addresses: bool = Field(
        False, description="Lets push endpoints be in private networks and without TLS; for development."
    )

    log_events: int = Field(10_000, ge=1, description="Events that a stream keeps at most (LOG4).")
    log_days: Days = Field(7.0, description="Days that a stream keeps its events (LOG4).")
    dedupe_days: Days = Field(90.0, description="Days for which a `dedupe_key` holds.")
    delivery_days: Days = Field(30.0, description="Days that finished or failed deliveries stay.")
    job_stalled_after_s: float = Field(60.0, ge=0.1, le=1e6, description="Silent seconds until a job stalls.")
    job_days: Days = Field(30.0, description="Days that jobs which have ended can be looked up.")
    drain_timeout_s: float = Field(10.0, ge=0, description="Time for connections to end at a stop.")

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="`auto` writes lines in development and JSON elsewhere."
    )
    flags: Switches = Field(
        default_factory=dict, description="Switches, such as `namespace.chat=off`; separated by commas."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the arguments, then the environment, then the file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _config_file())

    @model_validator(mode="after")
    def _fit_for_its_environment(self) -> Settings:
        problems = production_problems(self) if self.is_production else []
        if not values.is_sqlite(self.database_url):
            problems.append(
                "COURSEWIRE_DATABASE_URL must be SQLite in this version: sqlite:///campus.db, or with four slashes"
                " sqlite:////var/lib/coursewire/campus.db"
            )
        if self.redis_url is not None:
            problems.append(
                "COURSEWIRE_REDIS_URL is set, but this version has only the bus inside one process"
            )
        if self.demo_login and self.signing_secret is None:
            problems.append(
                "COURSEWIRE_DEMO_LOGIN signs tokens: set COURSEWIRE_JWT_SECRET beside COURSEWIRE_JWKS_URL"
            )
        problems += delivery_problems(self)
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @field_serializer("jwt_secret", "smtp_url", "vapid_private_key")
    def _hidden(self, secret: SecretStr | None, info: SerializationInfo) -> str | None:
        del info
        return None if secret is None else "**********"

    @property
    def smtp_server(self) -> SmtpServer | None:
        """Where mails are handed in; None when they are not."""
        return SmtpServer.parse(self.smtp_url.get_secret_value()) if self.smtp_url else None

    @property
    def secrets(self) -> list[str]:
        """What must not get into a log."""
        smtp = self.smtp_server
        vapid = self.vapid_private_key.get_secret_value() if self.vapid_private_key else None
        found = (self.signing_secret, smtp.password if smtp else None, vapid)
        return [secret for secret in found if secret]

    @property
    def signing_secret(self) -> str | None:
        """The shared secret; None when tokens come from a JWKS URL and nobody has set a secret beside it."""
        secret = self.jwt_secret.get_secret_value()
        return None if self.jwks_url and secret == DEVELOPMENT_SECRET else secret

    @property
    def is_production(self) -> bool:
        """Whether real people depend on this server."""
        return self.env == "production"

    @property
    def logs_json(self) -> bool:
        """Whether log records are written as JSON."""
        return self.log_format == "json" or (self.log_format == "auto" and self.env != "development")


def production_problems(settings: Settings) -> list[str]:
    """Return what keeps these settings from serving real people: each with the variable to set."""
    problems = []
    secret = settings.signing_secret
    if secret == DEVELOPMENT_SECRET:
        problems.append(
            "COURSEWIRE_JWT_SECRET is the development secret, which everybody can read: set one of your own"
            " (python -c 'import secrets; print(secrets.token_urlsafe(48))'), or COURSEWIRE_JWKS_URL"
        )
    elif secret is not None and len(secret.encode()) < MIN_SECRET_BYTES:
        problems.append(f"COURSEWIRE_JWT_SECRET is shorter than {MIN_SECRET_BYTES} bytes: set a longer one")
    if settings.jwks_url and not settings.jwks_url.startswith("https://"):
        problems.append("COURSEWIRE_JWKS_URL is not https: whoever is in between could give us their keys")
    if "*" in settings.allowed_origins:
        problems.append(
            "COURSEWIRE_ALLOWED_ORIGINS lets the pages of every site connect:"
            " set the origins of your LMS, such as https://lms.example.edu"
        )
    if values.keeps_nothing(settings.database_url):
        problems.append(
            "COURSEWIRE_DATABASE_URL names no file, so all is forgotten at the end:"
            " set one, such as sqlite:////var/lib/coursewire/campus.db"
        )
    if not settings.rate_limits:
        problems.append("COURSEWIRE_RATE_LIMITS is off: set it to on")
    if settings.push_private_addresses:
        problems.append(
            "COURSEWIRE_PUSH_PRIVATE_ADDRESSES lets clients make this server call into your network: set it to off"
        )
    if settings.demo_login:
        problems.append("COURSEWIRE_DEMO_LOGIN lets anybody sign in as anybody: set it to off")
    return problems


def delivery_problems(settings: Settings) -> list[str]:
    """Return what keeps mails and push messages from being sent, where they are wanted."""
    problems = []
    try:
        ZoneInfo(settings.time_zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        problems.append("COURSEWIRE_TIME_ZONE must be the name of a time zone, such as Europe/Berlin")
    if settings.smtp_url is not None:
        try:
            SmtpServer.parse(settings.smtp_url.get_secret_value())
        except ValueError as error:
            problems.append(f"COURSEWIRE_SMTP_URL {error}")
        address = r"([^<>\x00-\x1f]*<\s*[!-;=?-~]+@[!-;=?-~]+\s*>|[!-;=?-~]+@[!-;=?-~]+)"
        if settings.mail_from is None or not re.fullmatch(address, settings.mail_from.strip()):
            problems.append(
                "COURSEWIRE_MAIL_FROM must say who sends the mails, such as Campus <no-reply@example.edu>"
            )
    if settings.vapid_private_key is not None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{43}=?", settings.vapid_private_key.get_secret_value()):
            problems.append("COURSEWIRE_VAPID_PRIVATE_KEY must be a key as `coursewire vapid` prints it")
        if settings.vapid_contact is None:
            problems.append("COURSEWIRE_VAPID_CONTACT must say who sends, such as mailto:ops@example.edu")
    if (settings.smtp_url or settings.vapid_private_key) and settings.public_url is None:
        problems.append(
            "COURSEWIRE_PUBLIC_URL must say where links in messages lead, such as https://campus.example.edu"
        )
    return problems


def load(**arguments: Any) -> Settings:
    """Read the settings; arguments that are not None stand above the environment and the file.

    Raises SettingsError, which names each problem and what to set.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(
            [
                line
                for item in error.errors(include_input=False)
                for line in _explain(item["loc"], item["msg"])
            ]
            + unknown()
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError([f"{_config_file()}: {error}"]) from None


def unknown() -> list[str]:
    """Return a line for each `COURSEWIRE_*` variable that is no setting: whatever it is meant for, it does nothing."""
    return [
        _no_setting(variable, PREFIX, str.upper)
        for variable in sorted(os.environ)
        if variable.upper().startswith(PREFIX)
        and variable.upper() not in _OTHER_VARIABLES
        and variable.upper().removeprefix(PREFIX).lower() not in Settings.model_fields
    ]


def _no_setting(written: str, prefix: str, spell: Callable[[str], str]) -> str:
    """Say so, with the setting that is near, as it is spelt there."""
    name = written.upper().removeprefix(PREFIX).lower()
    near = difflib.get_close_matches(name, Settings.model_fields, 1)
    meant = f"; is {prefix}{spell(near[0])} meant?" if near else ""
    return f"{written}: there is no such setting{meant}"


def _explain(location: tuple[int | str, ...], message: str) -> list[str]:
    message = message.removeprefix("Value error, ")
    if not location:
        return message.splitlines()
    name = str(location[0])
    if name not in Settings.model_fields:
        return [_no_setting(name, "", str)]
    inside = "".join(f".{part}" for part in location[1:])
    return [f"{PREFIX}{name.upper()}{inside}: {message}"]


def _config_file() -> Path | None:
    chosen = os.environ.get(CONFIG_VARIABLE)
    path = Path(chosen or _CONFIG_FILE)
    if chosen and not path.is_file():
        raise SettingsError([f"{CONFIG_VARIABLE}: there is no file {chosen}"])
    return path if path.is_file() else None


def reference() -> str:
    """Return the page that documents every setting (docs/reference/settings/README.md)."""
    lines = [
        "<!-- Generated by `coursewire contracts` from coursewire/settings.py. Do not edit. -->",
        "",
        "# Settings",
        "",
        "Each is an environment variable, or in lower case and without `COURSEWIRE_` a line of",
        "`coursewire.toml` (another file: `COURSEWIRE_CONFIG`). The environment stands above the file.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `{PREFIX}{name.upper()}` | {_default(name)} | {_meaning(name, field.description)} |")
    return "\n".join(lines) + "\n"


def _default(name: str) -> str:
    default = Settings.model_fields[name].get_default(call_default_factory=True, validated_data={})
    if isinstance(default, SecretStr):
        return "a development secret"
    if isinstance(default, bool):
        return "`on`" if default else "`off`"
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    return f"`{default}`" if default or default == 0 else ""


def _meaning(name: str, description: str | None) -> str:
    annotation = Settings.model_fields[name].annotation
    choices = ", ".join(f"`{choice}`" for choice in get_args(annotation) if isinstance(choice, str))
    return f"{description or ''} One of {choices}." if choices else description or ""
