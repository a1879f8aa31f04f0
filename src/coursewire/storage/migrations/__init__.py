"""The schema's history, and the way to its newest revision."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine

HERE = Path(__file__).parent


def configuration() -> Config:
    """Return Alembic's configuration for this folder. The caller puts a connection into its `attributes`."""
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    return config


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest revision; nothing happens where it is."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
