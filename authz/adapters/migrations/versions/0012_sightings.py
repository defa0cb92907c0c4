"""Where contracts were granted of late, and the vehicles that they are bound to."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sightings",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("emaid", sa.String(255), primary_key=True),
        sa.Column("evse_id", sa.String(39), nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
    op.add_column(
        "contracts", sa.Column("vehicle_ids", sa.Text, nullable=False, server_default="[]")
    )
