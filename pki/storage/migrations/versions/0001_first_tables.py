"""The first tables: issuers, responders, register, revocations, lists, audit, callers."""

import sqlalchemy as sa
from alembic import op

from pki.storage.columns import Moment, Serial

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# What only grows: no statement of ours changes or removes these rows, nor does anyone else's by
# accident. (table, what is denied)
_KEPT = (("audit", "UPDATE"), ("audit", "DELETE"), ("revocations", "DELETE"))


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("issuer", sa.String(length=40), nullable=False),
        sa.Column("serial", Serial(length=20), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "callers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(timezone=True), nullable=False),
        sa.Column("expires_at", Moment(timezone=True), nullable=True),
        sa.Column("withdrawn_at", Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callers")),
        sa.UniqueConstraint("key_digest", name=op.f("uq_callers_key_digest")),
    )
    op.create_table(
        "issuers",
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("not_after", Moment(timezone=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("added_at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_issuers")),
    )
    op.create_table(
        "certificates",
        sa.Column("issuer", sa.String(length=40), nullable=False),
        sa.Column("serial", Serial(length=20), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("common_name", sa.Text(), nullable=False),
        sa.Column("subject_key_id", sa.String(length=40), nullable=False),
        sa.Column("not_before", Moment(timezone=True), nullable=False),
        sa.Column("not_after", Moment(timezone=True), nullable=False),
        sa.Column("crl_shard", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tbs", sa.LargeBinary(), nullable=True),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("intended_at", Moment(timezone=True), nullable=False),
        sa.Column("concluded_at", Moment(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'issued') = (certificate IS NOT NULL)",
            name=op.f("ck_certificates_issued_is_kept"),
        ),
        sa.CheckConstraint(
            "state = 'issued' OR tbs IS NOT NULL", name=op.f("ck_certificates_intent_is_kept")
        ),
        sa.CheckConstraint(
            "state IN ('intended', 'issued', 'abandoned')", name=op.f("ck_certificates_state")
        ),
        sa.ForeignKeyConstraint(
            ["issuer"], ["issuers.key_id"], name=op.f("fk_certificates_issuer")
        ),
        sa.PrimaryKeyConstraint("issuer", "serial", name=op.f("pk_certificates")),
    )
    op.create_index("ix_certificates_common_name", "certificates", ["common_name"], unique=False)
    op.create_index(
        "ix_certificates_pending",
        "certificates",
        ["intended_at"],
        unique=False,
        sqlite_where=sa.text("state = 'intended'"),
        postgresql_where=sa.text("state = 'intended'"),
    )
    op.create_index(
        "ix_certificates_subject_key_id", "certificates", ["subject_key_id"], unique=False
    )
    op.create_table(
        "crls",
        sa.Column("issuer", sa.String(length=40), nullable=False),
        sa.Column("crl_shard", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("this_update", Moment(timezone=True), nullable=False),
        sa.Column("next_update", Moment(timezone=True), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.key_id"], name=op.f("fk_crls_issuer")),
        sa.PrimaryKeyConstraint("issuer", "crl_shard", "number", name=op.f("pk_crls")),
    )
    op.create_table(
        "responders",
        sa.Column("issuer", sa.String(length=40), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("not_after", Moment(timezone=True), nullable=False),
        sa.Column("added_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.key_id"], name=op.f("fk_responders_issuer")),
        sa.PrimaryKeyConstraint("issuer", "key_id", name=op.f("pk_responders")),
    )
    op.create_table(
        "revocations",
        sa.Column("issuer", sa.String(length=40), nullable=False),
        sa.Column("serial", Serial(length=20), nullable=False),
        sa.Column("crl_shard", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("revoked_at", Moment(timezone=True), nullable=False),
        sa.Column("not_after", Moment(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reason IN (0, 1, 2, 3, 4, 5, 9, 10)", name=op.f("ck_revocations_reason")
        ),
        sa.ForeignKeyConstraint(
            ["issuer", "serial"],
            ["certificates.issuer", "certificates.serial"],
            name=op.f("fk_revocations_issuer_serial"),
        ),
        sa.PrimaryKeyConstraint("issuer", "serial", name=op.f("pk_revocations")),
    )
    op.create_index(
        "ix_revocations_list", "revocations", ["issuer", "crl_shard", "not_after"], unique=False
    )

    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION pki_keep() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% only grows', TG_TABLE_NAME; END $$"
        )
    for table, act in _KEPT:
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
