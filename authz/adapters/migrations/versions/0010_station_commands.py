"""What was asked of stations."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "station_commands",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.tenant"), nullable=False),
        sa.Column("identity", sa.String(48), nullable=False),
        sa.Column("action", sa.String(50), nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("failure", sa.String(50)),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_station_commands_tenant_identity_action",
        "station_commands",
        ["tenant", "identity", "action"],
    )
