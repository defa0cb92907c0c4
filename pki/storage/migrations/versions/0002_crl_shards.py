"""Lists split into shards, revocations counted one by one, deltas.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "issuers",
        sa.Column("crl_shards", sa.SmallInteger(), nullable=False, server_default="1"),
    )
    op.add_column("issuers", sa.Column("crl_base", sa.Text(), nullable=True))
    op.add_column(
        "revocations",
        sa.Column("revision", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.add_column("crls", sa.Column("delta", sa.LargeBinary(), nullable=True))
    op.drop_index("ix_revocations_list", table_name="revocations")
    # Those of before are counted as the latest: told by a delta once more, they stay true.
    op.execute(
        "UPDATE revocations SET revision = "
        "(SELECT revision FROM issuers WHERE issuers.key_id = revocations.issuer)"
    )
    op.create_index(
        "ix_revocations_list", "revocations", ["issuer", "crl_shard", "revision", "serial"]
    )
