"""Bringing the authorization house's tables to the version that this code knows."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from authz.adapters.database import Database
from authz.errors import Unavailable

VERSION_TABLE = "authz_schema_version"  # another house's tables may live in the same database

_SCRIPTS = "authz.adapters:migrations"
_ADVISORY_LOCK = 0x61757A5F  # "auz_": two processes that start at once migrate one after the other


def upgrade(database: Database) -> None:
    """Walks the migrations up to the newest, in one transaction."""
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_current(database: Database) -> None:
    """Refuses to work on a schema that is not exactly the newest: Unavailable("schema")."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        present = context.get_current_revision()
    if present != newest:
        raise Unavailable("schema", f"at {present or 'nothing'}, this code needs {newest}")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("path_separator", "os")
    return config
