"""The command line: serve, demo, token, migrate, vapid, contracts, chat, notify, notifications."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer
from pydantic import TypeAdapter, ValidationError

from coursewire import __version__
from coursewire.errors import CoursewireError
from coursewire.identity.roles import ROLES, roles_in_course, roles_of_person
from coursewire.identity.tokens import Issuer
from coursewire.settings import Environment, Settings, SettingsError, load, reference, unknown
from coursewire.vocabulary import Line, Role, UserId

app = typer.Typer(
    name="coursewire",
    help="The real-time layer for learning platforms.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_ID: TypeAdapter[str] = TypeAdapter(UserId)
_LINE: TypeAdapter[str] = TypeAdapter(Line)

SETTINGS_PAGE = "docs/reference/settings/README.md"

Host = Annotated[
    str | None, typer.Option(help="Address to listen on [default: 127.0.0.1].", show_default=False)
]
Port = Annotated[int | None, typer.Option(help="Port to listen on [default: 3001].", show_default=False)]
Env = Annotated[
    Environment | None,
    typer.Option(
        help="`production` refuses settings that are only good for development.", show_default=False
    ),
]
UserOption = Annotated[str | None, typer.Option("--user", help="Id of the user, as the LMS has it.")]
NameOption = Annotated[str | None, typer.Option("--name", help="What others see; the id if left out.")]
RoleOption = Annotated[
    list[str] | None,
    typer.Option("--role", help="Of the person, and in each --course. May be repeated.", show_default=False),
]
CourseOption = Annotated[
    list[str] | None,
    typer.Option(
        "--course",
        help="Course to be in: `cs101`, or `cs101=learner,mentor` with other roles. May be repeated.",
        show_default=False,
    ),
]
UrlOption = Annotated[str, typer.Option("--url", help="Address of the server.")]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="COURSEWIRE_TOKEN",
        help="A token; else one is made, on a server that has the same secret.",
        show_default=False,
    ),
]
DEFAULT_URL: Final = "http://localhost:3001"
MAX_TTL_S: Final = 10 * 365 * 86_400
"""Ten years; a server refuses a time that it cannot write."""


class WrongOption(ValueError):  # noqa: N818  # it is the option that is wrong
    """An option that does not mean anything; the message names it."""


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """End with one line for each thing that the user can put right; a bug of ours keeps its traceback."""
    try:
        yield
    except (SettingsError, CoursewireError, WrongOption, OSError) as error:
        for line in str(error).splitlines() or [type(error).__name__]:
            typer.echo(f"coursewire: {line}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _version(wanted: bool) -> None:  # noqa: FBT001  # the shape of a Typer callback
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def main(
    *,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Run the real-time layer for learning platforms.

    Settings are COURSEWIRE_* variables or lines of coursewire.toml: docs/reference/settings/README.md.
    """


@app.command()
def serve(host: Host = None, port: Port = None, env: Env = None) -> None:
    """Serve: Socket.IO at /socket.io/, HTTP at /v1, until interrupted."""
    with _one_line_errors():
        settings = load(host=host, port=port, env=env)
        from coursewire.serving import serve as run  # noqa: PLC0415  # `token` need not load a server

        run(settings, demo=False)


@app.command()
def demo(
    host: Host = None,
    port: Port = None,
    *,
    still: Annotated[
        bool, typer.Option("--still", help="Without the simulated class: only what you do happens.")
    ] = False,
) -> None:
    """Serve a small campus to look at, with sign-in links for a teacher and two students, and a class that works."""
    with _one_line_errors():
        settings = load(host=host, port=port, demo_login=True)
        from coursewire.serving import serve as run  # noqa: PLC0415

        run(settings, demo=True, still=still)


@app.command()
def token(
    user: UserOption = None,
    name: NameOption = None,
    role: RoleOption = None,
    course: CourseOption = None,
    ttl: Annotated[int, typer.Option(min=1, max=MAX_TTL_S, help="Seconds until it expires.")] = 3_600,
    *,
    service: Annotated[bool, typer.Option("--service", help="For the LMS itself, server to server.")] = False,
) -> None:
    """Print one token, signed with COURSEWIRE_JWT_SECRET, and nothing else.

    Example: coursewire token --user ada --name "Ada" --role instructor --course cs101
    """
    with _one_line_errors():
        typer.echo(
            _token(
                _settings(),
                user=user,
                name=name,
                roles=role or [],
                courses=course or [],
                ttl_s=ttl,
                service=service,
            )
        )


@app.command()
def migrate() -> None:
    """Bring the database of COURSEWIRE_DATABASE_URL up to date."""
    with _one_line_errors():
        asyncio.run(_migrate(_settings()))
        typer.echo("the database is up to date", err=True)


@app.command()
def vapid() -> None:
    """Print a fresh key pair for Web Push: the private key is a setting, the public one is told to browsers by us."""
    from coursewire.namespaces.notifications.delivery.vapid import make_key_pair  # noqa: PLC0415

    private, public = make_key_pair()
    typer.echo(f"COURSEWIRE_VAPID_PRIVATE_KEY={private}")
    typer.echo(f"# public key: {public}")


@app.command()
def contracts(
    root: Annotated[
        Path, typer.Option(help="Root of the repository.", exists=True, file_okay=False)
    ] = Path(),
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file is stale.")] = False,
) -> None:
    """Write contracts/ and docs/reference/ from the Python sources."""
    from coursewire.contracts import files  # noqa: PLC0415

    with _one_line_errors():
        page = root / SETTINGS_PAGE
        is_stale = not page.is_file() or page.read_text("utf-8") != reference()
        if check:
            stale = files.stale(root) + [SETTINGS_PAGE] * is_stale
            for path in stale:
                typer.echo(f"stale: {path} (run `coursewire contracts`)", err=True)
            raise typer.Exit(1 if stale else 0)
        written = files.write(root)
        if is_stale:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(reference(), encoding="utf-8", newline="\n")
            written.append(SETTINGS_PAGE)
        for path in written:
            typer.echo(f"wrote {path}")


@app.command()
def chat(
    url: UrlOption = DEFAULT_URL,
    *,
    token: TokenOption = None,
    user: UserOption = None,
    name: NameOption = None,
    role: RoleOption = None,
    course: CourseOption = None,
    room: Annotated[str | None, typer.Option(help="Id of the room to open first.")] = None,
) -> None:
    """Chat in the terminal, with a token or as a user of a server that has the same secret."""
    with _one_line_errors():
        _check_server(url, token)
        if not token:
            settings = _settings()
            token = _token(settings, user=user, name=name, roles=role or [], courses=course or [])
        from coursewire.client.terminal import run  # noqa: PLC0415

        run(url=url, token=token, room=room)


@app.command()
def notify(
    title: Annotated[str, typer.Argument(help="What it says, in one line.")],
    body: Annotated[str, typer.Argument(help="What else it says, as Markdown.")] = "",
    *,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    user: Annotated[
        list[str] | None, typer.Option("--user", help="To this user. May be repeated.", show_default=False)
    ] = None,
    course: Annotated[str | None, typer.Option(help="To everybody of this course.")] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role", help="Only to those with this role in it. May be repeated.", show_default=False
        ),
    ] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="To everybody there is.")] = False,
    category: Annotated[str, typer.Option(help="What it is about: assignment, grade, ...")] = "system",
    priority: Annotated[str, typer.Option(help="low, normal, high or urgent.")] = "normal",
    link: Annotated[
        str | None, typer.Option(help="Where it leads: https://... or a path of your site.")
    ] = None,
    label: Annotated[str, typer.Option(help="What the link is called.")] = "Open",
    mandatory: Annotated[
        bool, typer.Option("--mandatory", help="Pass all preferences and quiet hours.")
    ] = False,
    key: Annotated[
        str | None, typer.Option(help="Names the intention: the same key is posted once.", show_default=False)
    ] = None,
) -> None:
    """Notify users, a course or everyone, and show how far it has got. Interrupted, it still reaches them all.

    Example: coursewire notify "The library closes at 18:00" --course cs101 --priority high
    """
    with _one_line_errors():
        from coursewire.client import terminal_notify  # noqa: PLC0415

        _check_server(url, token)
        to = terminal_notify.audience(users=user or [], course=course, roles=role or [], everyone=everyone)
        if not token:
            token = _token(_settings(), user=None, name=None, roles=[], courses=[], service=True)
        fields = {
            "title": title,
            "body": body,
            "category": category,
            "priority": priority,
            "action": None if link is None else {"label": label, "url": link},
            "mandatory": mandatory,
            "key": key,
        }
        terminal_notify.run_post(url, token, to, fields)


@app.command()
def notifications(
    url: UrlOption = DEFAULT_URL,
    *,
    token: TokenOption = None,
    user: UserOption = None,
    name: NameOption = None,
    history: Annotated[int, typer.Option(min=0, max=100, help="Items to begin with.")] = 20,
) -> None:
    """Watch an inbox in the terminal, with a token or as a user of a server that has the same secret."""
    with _one_line_errors():
        _check_server(url, token)
        if not token:
            token = _token(_settings(), user=user, name=name, roles=[], courses=[])
        from coursewire.client import terminal_notify  # noqa: PLC0415

        terminal_notify.run_watch(url, token, history)


def _settings() -> Settings:
    """Read the settings, and say of which variables nothing comes. `serve` and `demo` write that into their log."""
    settings = load()
    for line in unknown():
        typer.echo(f"coursewire: {line}", err=True)
    return settings


def _token(
    settings: Settings,
    *,
    user: str | None,
    name: str | None,
    roles: list[str],
    courses: list[str],
    ttl_s: int = 3_600,
    service: bool = False,
) -> str:
    """Make a token. Raises WrongOption."""
    if settings.signing_secret is None:
        raise WrongOption("tokens come from COURSEWIRE_JWKS_URL: to sign one here set COURSEWIRE_JWT_SECRET")
    user = user or ("service" if service else None)
    if user is None:
        raise WrongOption("--user is needed")
    known = _roles("--role", roles)
    issuer = Issuer(settings.signing_secret, issuer=settings.jwt_issuer, audience=settings.jwt_audience)
    made, _ = issuer.issue(
        _valid("--user", _ID, user),
        _valid("--name", _LINE, name or user),
        roles=known | {"service"} if service else known,
        courses=dict(_course(course, known) for course in courses) if courses else None,
        ttl_s=ttl_s,
    )
    return made


def _check_server(url: str, token: str | None) -> None:
    """Refuse what no server can be asked with. Raises WrongOption."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise WrongOption(f"--url: must be the address of a server, such as {DEFAULT_URL}")
    if token and not token.isascii():
        raise WrongOption("--token: this is no token")


def _course(option: str, roles: frozenset[Role]) -> tuple[str, frozenset[Role]]:
    course_id, _, own = option.partition("=")
    named = _roles("--course", [role for role in own.split(",") if role]) or roles
    return _valid("--course", _ID, course_id), roles_in_course(named)


def _roles(option: str, values: list[str]) -> frozenset[Role]:
    for value in values:
        if value not in ROLES:
            raise WrongOption(f"{option}: {value!r} is no role; there are {', '.join(sorted(ROLES))}")
    return roles_of_person(values)


def _valid(option: str, kind: TypeAdapter[str], value: str) -> str:
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise WrongOption(f"{option}: {message}") from None


async def _migrate(settings: Settings) -> None:
    from coursewire.storage import Storage  # noqa: PLC0415

    storage = await Storage.open(settings.database_url)
    try:
        await storage.migrate()
    finally:
        await storage.close()


if __name__ == "__main__":
    sys.exit(app())
