"""Who may ask for what, whose a key is, which names are registered."""

import json

import sqlalchemy as sa
from alembic import op

from pki.storage.columns import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEPT = (
    ("policies", "UPDATE"),
    ("policies", "DELETE"),
    ("subject_keys", "DELETE"),
    ("registered_names", "DELETE"),
)
# What tenants could have until now: every leaf role, for every identity.
_EVERYTHING = json.dumps(
    [
        {"role": role, "prefixes": ["*"]}
        for role in ("secc", "contract", "oem-provisioning", "vehicle", "cps")
    ]
)
# Identifiers are compared in capitals and without separators, an eMAID without its check character.
_PLAIN = "upper(replace(replace(common_name, '-', ''), '*', ''))"
_IDENTITIES = {
    "contract": f"CASE WHEN length({_PLAIN}) = 15 THEN substr({_PLAIN}, 1, 14) ELSE {_PLAIN} END",
    "secc": _PLAIN,
    "oem-provisioning": _PLAIN,
}


def upgrade() -> None:
    op.create_table(
        "subject_keys",
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=True),
        sa.Column("role", sa.String(length=32), nullable=True),
        sa.Column("identity", sa.Text(), nullable=True),
        sa.Column("blocked_at", Moment(timezone=True), nullable=True),
        sa.Column("blocked_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(blocked_at IS NULL) = (blocked_why IS NULL)", name=op.f("ck_subject_keys_blocked")
        ),
        sa.CheckConstraint(
            "identity IS NOT NULL OR blocked_at IS NOT NULL",
            name=op.f("ck_subject_keys_held_or_blocked"),
        ),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_subject_keys")),
    )
    op.create_table(
        "policies",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("grants", sa.Text(), nullable=False),
        sa.Column("set_at", Moment(timezone=True), nullable=False),
        sa.Column("set_by", sa.String(length=128), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_policies_version")),
        sa.PrimaryKeyConstraint("tenant", "version", name=op.f("pk_policies")),
    )
    op.create_table(
        "registered_names",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("common_name", sa.Text(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("registered_at", Moment(timezone=True), nullable=False),
        sa.Column("registered_by", sa.String(length=128), nullable=False),
        sa.Column("expires_at", Moment(timezone=True), nullable=True),
        sa.Column("used_at", Moment(timezone=True), nullable=True),
        sa.Column("withdrawn_at", Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_registered_names")),
    )
    op.create_index(
        "ix_registered_names_open",
        "registered_names",
        ["identity", "tenant", "role", "edition"],
        unique=True,
        sqlite_where=sa.text("used_at IS NULL AND withdrawn_at IS NULL"),
        postgresql_where=sa.text("used_at IS NULL AND withdrawn_at IS NULL"),
    )
    op.add_column("certificates", sa.Column("identity", sa.Text(), nullable=True))
    op.drop_index("ix_certificates_common_name", table_name="certificates")
    _fill()
    op.create_index("ix_certificates_identity", "certificates", ["identity", "intended_at"])
    for table, act in _KEPT:
        _keep(table, act)


def _fill() -> None:
    """Gives what is there already its identities, its keys' holders, and its tenants a policy."""
    connection = op.get_bind()
    profiles = connection.execute(sa.text("SELECT DISTINCT profile FROM certificates"))
    for profile in sorted(profiles.scalars()):
        role = profile.partition("/")[2].partition("+")[0]
        identity = _IDENTITIES.get(role, "common_name")
        values = {"profile": profile, "role": role}
        connection.execute(
            sa.text(f"UPDATE certificates SET identity = {identity} WHERE profile = :profile"),  # noqa: S608 - our own words
            values,
        )
        connection.execute(
            sa.text(
                "INSERT INTO subject_keys (key_id, tenant, role, identity) "
                "SELECT subject_key_id, tenant, CAST(:role AS VARCHAR(32)), identity "
                "FROM certificates WHERE profile = :profile ORDER BY intended_at "
                "ON CONFLICT (key_id) DO NOTHING"
            ),
            values,
        )
    lost = (
        "FROM certificates c JOIN revocations r ON r.issuer = c.issuer AND r.serial = c.serial "
        "WHERE r.reason IN (1, 2, 10) AND c.subject_key_id = subject_keys.key_id"
    )
    connection.execute(
        sa.text(
            f"UPDATE subject_keys SET blocked_at = (SELECT min(r.revoked_at) {lost}), "  # noqa: S608 - our own words
            f"blocked_why = 'compromised' WHERE EXISTS (SELECT 1 {lost})"
        )
    )
    connection.execute(
        sa.text(
            "INSERT INTO policies (tenant, version, grants, set_at, set_by) "
            "SELECT tenant, 1, CAST(:grants AS TEXT), (SELECT max(at) FROM audit), 'migration' "
            "FROM issuers GROUP BY tenant"
        ),
        {"grants": _EVERYTHING},
    )


def _keep(table: str, act: str) -> None:
    name = f"{table}_keeps_{act.lower()}"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {act} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION pki_keep()"
        )
    else:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
        )
