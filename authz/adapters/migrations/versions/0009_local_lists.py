"""Changes of contracts are counted, for the lists that stations hold."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "list_entries",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("emaid", sa.String(255), primary_key=True),
        sa.Column("as_received", sa.String(255), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_list_entries_tenant_version", "list_entries", ["tenant", "version"])
    op.create_table(
        "list_versions",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    # What was there before is the first version.
    op.execute(
        "INSERT INTO list_entries (tenant, emaid, as_received, version)"
        " SELECT tenant, emaid, as_received, 1 FROM contracts"
    )
    op.execute("INSERT INTO list_versions SELECT DISTINCT tenant, 1 FROM contracts")
