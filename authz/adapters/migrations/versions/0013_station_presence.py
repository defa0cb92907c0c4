"""Which worker each station is with, and the calls that workers hand to each other."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "station_workers",
        sa.Column("worker", sa.String(32), primary_key=True),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "station_presence",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("identity", sa.String(48), primary_key=True),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("worker", sa.String(32), nullable=False),
    )
    op.create_index("ix_station_presence_worker", "station_presence", ["worker"])
    op.create_table(
        "handed_calls",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("worker", sa.String(32), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("identity", sa.String(48), nullable=False),
        sa.Column("action", sa.String(50), nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("timeout_seconds", sa.Double, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("ending", sa.String(8), nullable=False),
        sa.Column("outcome", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_handed_calls_worker_ending", "handed_calls", ["worker", "ending"])
