"""Whoever changes a row that processes remember tells them, by triggers of the database itself."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Table, events, what the fact is called, and the columns that name it. Names are remembered only
# of rows that are there, so an INSERT has nothing to tell.
_FACTS = (
    ("api_keys", "key", ("key_id",)),
    ("tenants", "tenant", ("tenant",)),
    ("contracts", "contract", ("tenant", "emaid")),
    ("contract_certificates", "certificate", ("tenant", "serial")),
)
_KEPT = 10_000  # changes; a process that slept through more reads everything again


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _notify()
    else:
        _write_down()


def _notify() -> None:
    op.execute("""
        CREATE FUNCTION authz_tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            fact text := TG_ARGV[0];
        BEGIN
            FOR at IN 1 .. TG_NARGS - 1 LOOP
                fact := fact || ' ' || (to_jsonb(OLD) ->> TG_ARGV[at]);
            END LOOP;
            -- A hash, because a channel's name is short and a schema's may be long.
            PERFORM pg_notify('authz_' || md5(TG_TABLE_SCHEMA), fact);
            RETURN NULL;
        END $$
    """)
    for table, fact, columns in _FACTS:
        given = ", ".join(f"'{name}'" for name in (fact, *columns))
        op.execute(
            f"CREATE TRIGGER {table}_told AFTER UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION authz_tell_change({given})"
        )


def _write_down() -> None:
    op.create_table(
        "fact_changes",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("fact", sa.Text, nullable=False),
    )
    for table, fact, columns in _FACTS:
        name = " || ' ' || ".join(f"OLD.{column}" for column in columns)
        for event in ("UPDATE", "DELETE"):
            told = f"INSERT INTO fact_changes (fact) VALUES ('{fact} ' || {name});"  # noqa: S608 - the names above
            trigger = f"{table}_{event.lower()}_told"
            op.execute(f"CREATE TRIGGER {trigger} AFTER {event} ON {table} BEGIN {told} END")
    clear = f"DELETE FROM fact_changes WHERE sequence <= NEW.sequence - {_KEPT};"  # noqa: S608 - a number
    op.execute(
        f"CREATE TRIGGER fact_changes_cleared AFTER INSERT ON fact_changes BEGIN {clear} END"
    )
