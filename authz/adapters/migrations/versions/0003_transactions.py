"""Transactions get a table."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transactions",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.tenant"), nullable=False),
        sa.Column("identity", sa.String(48), nullable=False),
        sa.Column("transaction_id", sa.String(36), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("heard_at", sa.BigInteger, nullable=False),
        sa.Column("evse", sa.Integer),
        sa.Column("connector", sa.Integer),
        sa.Column("emaid", sa.String(255)),
        sa.Column("authorized", sa.Boolean, nullable=False),
        sa.Column("decision_id", sa.String(36)),
        sa.Column("offline", sa.Boolean, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("reason", sa.String(50)),
        sa.UniqueConstraint("tenant", "identity", "transaction_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_transactions_tenant_emaid_ended_at", "transactions", ["tenant", "emaid", "ended_at"]
    )
