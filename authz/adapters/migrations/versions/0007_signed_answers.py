"""Signed statements about revocation are kept, and certificates in use are watched."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "issuer_certificates",
        sa.Column("fingerprint", sa.LargeBinary(32), primary_key=True),
        sa.Column("der", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "signed_answers",
        sa.Column("certificate", sa.LargeBinary(32), primary_key=True),
        sa.Column("issuer_key", sa.LargeBinary(32), primary_key=True),
        sa.Column("der", sa.LargeBinary, nullable=False),
        sa.Column("issuer", sa.LargeBinary(32), nullable=False),
        sa.Column("authority", sa.Boolean, nullable=False),
        sa.Column("not_after", sa.BigInteger, nullable=False),
        sa.Column("hash_algorithm", sa.String(8)),
        sa.Column("response", sa.LargeBinary),
        sa.Column("this_update", sa.BigInteger),
        sa.Column("next_update", sa.BigInteger),
        sa.Column("refresh_at", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_signed_answers_refresh_at", "signed_answers", ["refresh_at"])
    op.create_index("ix_signed_answers_asked_at", "signed_answers", ["asked_at"])
    op.create_table(
        "signed_lists",
        sa.Column("issuer_key", sa.LargeBinary(32), primary_key=True),
        sa.Column("place", sa.LargeBinary(32), primary_key=True),
        sa.Column("octets", sa.LargeBinary, nullable=False),
        sa.Column("number", sa.Text),
        sa.Column("this_update", sa.BigInteger, nullable=False),
        sa.Column("next_update", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_revocations_recorded_at", "revocations", ["recorded_at"])
    op.create_index(
        "ix_contract_certificates_fingerprint", "contract_certificates", ["fingerprint"]
    )
