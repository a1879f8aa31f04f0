"""The schema's history, and the way to its newest revision."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection

HERE = Path(__file__).parent


def configuration(connection: Connection) -> Config:
    """Return Alembic's configuration of this folder, to run on `connection`."""
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Bring a database to the newest revision; nothing happens where it is."""
    command.upgrade(configuration(connection), "head")


def downgrade(connection: Connection, revision: str) -> None:
    """Take a database back to a revision, or to `base`: before the first one."""
    command.downgrade(configuration(connection), revision)
