"""Status answers signed ahead, and up to where certificates were taken in for them.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from pki.storage.columns import Moment, Serial

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ocsp_answers",
        sa.Column("issuer", sa.String(length=40), nullable=False),
        sa.Column("serial", Serial(length=20), nullable=False),
        sa.Column("hash_algorithm", sa.String(length=8), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=True),
        sa.Column("responder", sa.String(length=40), nullable=True),
        sa.Column("this_update", Moment(timezone=True), nullable=True),
        sa.Column("next_update", Moment(timezone=True), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.Column("due_at", Moment(timezone=True), nullable=False),
        sa.Column("claim", sa.BigInteger(), nullable=True),
        sa.Column("claimed_until", Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("issuer", "serial", "hash_algorithm", name="pk_ocsp_answers"),
    )
    op.create_index("ix_ocsp_answers_due_at", "ocsp_answers", ["due_at"])
    op.create_index(
        "ix_ocsp_answers_claim",
        "ocsp_answers",
        ["claim"],
        sqlite_where=sa.text("claim IS NOT NULL"),
        postgresql_where=sa.text("claim IS NOT NULL"),
    )
    op.create_table(
        "ocsp_enrolments",
        sa.Column("issuer", sa.String(length=40), nullable=False),
        sa.Column("hash_algorithm", sa.String(length=8), nullable=False),
        sa.Column("concluded_at", Moment(timezone=True), nullable=False),
        sa.Column("serial", Serial(length=20), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "hash_algorithm", name="pk_ocsp_enrolments"),
    )
    op.create_index(
        "ix_certificates_issued",
        "certificates",
        ["issuer", "concluded_at", "serial"],
        sqlite_where=sa.text("state = 'issued'"),
        postgresql_where=sa.text("state = 'issued'"),
    )
