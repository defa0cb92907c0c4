"""Requests that others have to approve, and their votes."""

import sqlalchemy as sa
from alembic import op

from pki.storage.columns import Moment, Serial

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KEPT = (("approvals", "DELETE"), ("votes", "UPDATE"), ("votes", "DELETE"))


def upgrade() -> None:
    op.create_table(
        "approvals",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("undertaking", sa.String(length=16), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.String(length=128), nullable=False),
        sa.Column("requested_at", Moment(timezone=True), nullable=False),
        sa.Column("expires_at", Moment(timezone=True), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("panel", sa.Text(), nullable=False),
        sa.Column("progress", sa.String(length=16), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=True),
        sa.Column("issuer", sa.String(length=40), nullable=True),
        sa.Column("serial", Serial(length=20), nullable=True),
        sa.Column("claimed_until", Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_approvals")),
    )
    op.create_index(
        "ix_approvals_open",
        "approvals",
        ["requested_at"],
        sqlite_where=sa.text("progress IN ('pending', 'approved')"),
        postgresql_where=sa.text("progress IN ('pending', 'approved')"),
    )
    op.create_index("ix_approvals_tenant", "approvals", ["tenant", "requested_at"])
    op.create_table(
        "votes",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("voter", sa.String(length=128), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.CheckConstraint("verdict IN ('approve', 'reject')", name=op.f("ck_votes_verdict")),
        sa.ForeignKeyConstraint(["number"], ["approvals.number"], name=op.f("fk_votes_number")),
        sa.PrimaryKeyConstraint("number", "voter", name=op.f("pk_votes")),
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
