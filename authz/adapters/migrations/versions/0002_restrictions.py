"""Contracts get groups and restrictions; EVSEs get a table."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contracts", sa.Column("group_id", sa.String(36)))
    op.add_column(
        "contracts", sa.Column("restrictions", sa.Text, nullable=False, server_default="{}")
    )
    op.create_table(
        "evses",
        sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.tenant"), primary_key=True),
        sa.Column("evse_id", sa.String(39), primary_key=True),
        sa.Column("as_received", sa.String(39), nullable=False),
        sa.Column("power_type", sa.String(2)),
        sa.Column("latitude", sa.Float),
        sa.Column("longitude", sa.Float),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
