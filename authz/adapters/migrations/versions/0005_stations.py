"""Charging stations get a table."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stations",
        sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.tenant"), primary_key=True),
        sa.Column("identity", sa.String(48), primary_key=True),
        sa.Column("profile", sa.Integer, nullable=False),
        sa.Column("salt", sa.LargeBinary(16)),
        sa.Column("password_digest", sa.LargeBinary(32)),
        sa.Column("common_name", sa.String(64)),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
