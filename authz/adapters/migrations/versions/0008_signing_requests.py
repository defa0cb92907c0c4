"""Certificates that stations asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing_requests",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.tenant"), nullable=False),
        sa.Column("identity", sa.String(48), nullable=False),
        sa.Column("csr", sa.Text, nullable=False),
        sa.Column("certificate_type", sa.String(32)),
        sa.Column("request_id", sa.BigInteger),
        sa.Column("wrapped", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("chain", sa.Text),
        sa.Column("reason", sa.String(200)),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_signing_requests_state_due_at", "signing_requests", ["state", "due_at"])
    op.create_index(
        "ix_signing_requests_tenant_identity", "signing_requests", ["tenant", "identity"]
    )
