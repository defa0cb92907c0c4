"""Bringing the schema to the version this code knows."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from pki.errors import ConfigurationRefused
from pki.storage.database import reading, writing

_SCRIPTS = "pki.storage:migrations"
_ADVISORY_LOCK = 0x706B695F  # "pki_": two processes that start at once migrate one after the other


def upgrade(engine: Engine) -> None:
    """Walks the migrations up to the newest, in one transaction."""
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_current(engine: Engine) -> None:
    """Refuses, as ConfigurationRefused, a schema that is not exactly the newest."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    with reading(engine) as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present != newest:
        raise ConfigurationRefused(
            f"the schema is at {present or 'nothing'}, this code needs {newest}",
            code="configuration.schema",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("path_separator", "os")
    return config
