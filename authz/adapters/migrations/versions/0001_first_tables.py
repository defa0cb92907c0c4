"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tenants",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(16), primary_key=True),
        sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.tenant"), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("scopes", sa.String(100), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_index("ix_api_keys_tenant", "api_keys", ["tenant"])
    op.create_table(
        "anchors",
        sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.tenant"), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary(32), primary_key=True),
        sa.Column("purpose", sa.String(8), primary_key=True),
        sa.Column("der", sa.LargeBinary, nullable=False),
        sa.Column("tolerances", sa.Text, nullable=False),
        sa.Column("sub_ca_roles", sa.Text, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "contracts",
        sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.tenant"), primary_key=True),
        sa.Column("emaid", sa.String(255), primary_key=True),
        sa.Column("as_received", sa.String(255), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("not_after", sa.BigInteger),
        sa.Column("evse_ids", sa.Text, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "contract_certificates",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary(32), primary_key=True),
        sa.Column("emaid", sa.String(255), nullable=False),
        sa.Column("issuer_id", sa.LargeBinary(32), nullable=False),
        sa.Column("serial", sa.String(40), nullable=False),
        sa.Column("chain_pem", sa.Text, nullable=False),
        sa.Column("origin", sa.String(8), nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["tenant", "emaid"], ["contracts.tenant", "contracts.emaid"]),
    )
    op.create_index(
        "ix_contract_certificates_tenant_issuer_id_serial",
        "contract_certificates",
        ["tenant", "issuer_id", "serial"],
    )
    op.create_index(
        "ix_contract_certificates_tenant_emaid", "contract_certificates", ["tenant", "emaid"]
    )
    op.create_table(
        "issuer_hashes",
        sa.Column("algorithm", sa.String(8), primary_key=True),
        sa.Column("name_hash", sa.LargeBinary(64), primary_key=True),
        sa.Column("key_hash", sa.LargeBinary(64), primary_key=True),
        sa.Column("issuer_id", sa.LargeBinary(32), primary_key=True),
    )
    op.create_table(
        "revocations",
        sa.Column("certificate", sa.LargeBinary(32), primary_key=True),
        sa.Column("issuer_key", sa.LargeBinary(32), primary_key=True),
        sa.Column("revoked_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Integer, nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("this_update", sa.BigInteger, nullable=False),
        sa.Column("next_update", sa.BigInteger, nullable=False),
        sa.Column("produced_at", sa.BigInteger),
        sa.Column("crl_number", sa.Text),
        sa.Column("signer_fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "decisions",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("decision_id", sa.String(36), nullable=False, unique=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("decided_at", sa.BigInteger, nullable=False),
        sa.Column("granted", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
