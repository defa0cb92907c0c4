"""Which certificate renews or goes beside which."""

import sqlalchemy as sa
from alembic import op

from pki.storage.columns import Serial

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "relations",
        sa.Column("issuer", sa.String(length=40), nullable=False),
        sa.Column("serial", Serial(length=20), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.Column("of_issuer", sa.String(length=40), nullable=False),
        sa.Column("of_serial", Serial(length=20), nullable=False),
        sa.CheckConstraint(
            "relation IN ('renews', 'companion')", name=op.f("ck_relations_relation")
        ),
        sa.ForeignKeyConstraint(
            ["issuer", "serial"],
            ["certificates.issuer", "certificates.serial"],
            name=op.f("fk_relations_issuer_serial"),
        ),
        sa.ForeignKeyConstraint(
            ["of_issuer", "of_serial"],
            ["certificates.issuer", "certificates.serial"],
            name=op.f("fk_relations_of_issuer_of_serial"),
        ),
        sa.PrimaryKeyConstraint("issuer", "serial", name=op.f("pk_relations")),
    )
    op.create_index("ix_relations_of", "relations", ["of_issuer", "of_serial"])
