"""Answers of a provisioning service that a station has not fetched yet."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contract_answers",
        sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.tenant"), primary_key=True),
        sa.Column("identity", sa.String(48), primary_key=True),
        sa.Column("request", sa.LargeBinary(32), primary_key=True),
        sa.Column("answers", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
