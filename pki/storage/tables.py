"""The tables of the pki house, the same for SQLite and PostgreSQL."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from pki.storage.columns import Moment, Serial

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Key ids are 40 hexadecimal digits: SHA-1 of the public key (RFC 5280 4.2.1.2 method 1), which is
# also OCSP's issuerKeyHash and the name under which the CRL and the CA certificate are published.
KEY_ID = String(40)

issuers = Table(
    "issuers",
    metadata,
    Column("key_id", KEY_ID, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("role", String(32), nullable=False),
    Column("edition", String(16), nullable=False),
    # Empty while a root is announced: its intent stands under itself before it is signed.
    Column("certificate", LargeBinary, nullable=False),
    Column("not_after", Moment, nullable=False),
    Column("active", Boolean, nullable=False),
    # Counts revocations, in the same transaction: a CRL that knows as many is current.
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Column("added_at", Moment, nullable=False),
    # Fixed with the first row: serials are divided by it, and certificates name the result.
    Column("crl_shards", SmallInteger, nullable=False, server_default="1"),
    Column("crl_base", Text),
)

responders = Table(
    "responders",
    metadata,
    Column("issuer", KEY_ID, ForeignKey("issuers.key_id"), nullable=False),
    Column("key_id", KEY_ID, nullable=False),
    Column("certificate", LargeBinary, nullable=False),
    Column("not_after", Moment, nullable=False),
    Column("added_at", Moment, nullable=False),
    PrimaryKeyConstraint("issuer", "key_id"),
)

certificates = Table(
    "certificates",
    metadata,
    Column("issuer", KEY_ID, ForeignKey("issuers.key_id"), nullable=False),
    Column("serial", Serial, nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("profile", String(64), nullable=False),
    Column("common_name", Text, nullable=False),
    Column("identity", Text),  # absent only for what was issued before identities were kept
    Column("subject_key_id", KEY_ID, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("not_after", Moment, nullable=False),
    Column("crl_shard", SmallInteger, nullable=False, server_default="0"),
    Column("state", String(16), nullable=False),
    Column("tbs", LargeBinary),  # absent only for certificates that came signed
    Column("certificate", LargeBinary),
    Column("intended_at", Moment, nullable=False),
    Column("concluded_at", Moment),
    PrimaryKeyConstraint("issuer", "serial"),
    CheckConstraint("state IN ('intended', 'issued', 'abandoned')", name="state"),
    CheckConstraint("(state = 'issued') = (certificate IS NOT NULL)", name="issued_is_kept"),
    CheckConstraint("state = 'issued' OR tbs IS NOT NULL", name="intent_is_kept"),
)
# Intents are few and looked for often: the index holds only them.
Index(
    "ix_certificates_pending",
    certificates.c.intended_at,
    sqlite_where=certificates.c.state == "intended",
    postgresql_where=certificates.c.state == "intended",
)
Index("ix_certificates_identity", certificates.c.identity, certificates.c.intended_at)
# In the order in which they were issued: whoever signs answers ahead goes on from where it was.
Index(
    "ix_certificates_issued",
    certificates.c.issuer,
    certificates.c.concluded_at,
    certificates.c.serial,
    sqlite_where=certificates.c.state == "issued",
    postgresql_where=certificates.c.state == "issued",
)
Index("ix_certificates_subject_key_id", certificates.c.subject_key_id)

# Whose a key is, for good; without a holder where it was only ever blocked.
subject_keys = Table(
    "subject_keys",
    metadata,
    Column("key_id", KEY_ID, primary_key=True),
    Column("tenant", String(64)),
    Column("role", String(32)),
    Column("identity", Text),
    Column("blocked_at", Moment),
    Column("blocked_why", Text),
    CheckConstraint("(blocked_at IS NULL) = (blocked_why IS NULL)", name="blocked"),
    CheckConstraint("identity IS NOT NULL OR blocked_at IS NOT NULL", name="held_or_blocked"),
)

policies = Table(
    "policies",
    metadata,
    Column("tenant", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("grants", Text, nullable=False),  # JSON, see pki.authority.policy
    Column("set_at", Moment, nullable=False),
    Column("set_by", String(128), nullable=False),
    PrimaryKeyConstraint("tenant", "version"),
    CheckConstraint("version > 0", name="version"),
)

registered_names = Table(
    "registered_names",
    metadata,
    Column(
        "number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    ),
    Column("tenant", String(64), nullable=False),
    Column("role", String(32), nullable=False),
    Column("edition", String(16), nullable=False),
    Column("identity", Text, nullable=False),
    Column("common_name", Text, nullable=False),
    Column("standing", Boolean, nullable=False),
    Column("registered_at", Moment, nullable=False),
    Column("registered_by", String(128), nullable=False),
    Column("expires_at", Moment),
    Column("used_at", Moment),
    Column("withdrawn_at", Moment),
)
_open_name = registered_names.c.used_at.is_(None) & registered_names.c.withdrawn_at.is_(None)
Index(
    "ix_registered_names_open",
    registered_names.c.identity,
    registered_names.c.tenant,
    registered_names.c.role,
    registered_names.c.edition,
    unique=True,
    sqlite_where=_open_name,
    postgresql_where=_open_name,
)

# Which certificate renews or goes beside which; both are entries.
relations = Table(
    "relations",
    metadata,
    Column("issuer", KEY_ID, nullable=False),
    Column("serial", Serial, nullable=False),
    Column("relation", String(16), nullable=False),
    Column("of_issuer", KEY_ID, nullable=False),
    Column("of_serial", Serial, nullable=False),
    PrimaryKeyConstraint("issuer", "serial"),
    ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"]),
    ForeignKeyConstraint(
        ["of_issuer", "of_serial"], ["certificates.issuer", "certificates.serial"]
    ),
    CheckConstraint("relation IN ('renews', 'companion')", name="relation"),
)
Index("ix_relations_of", relations.c.of_issuer, relations.c.of_serial)

# Authorities asked for, and their ends, which others have to approve.
approvals = Table(
    "approvals",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("undertaking", String(16), nullable=False),
    Column("wanted", Text, nullable=False),  # JSON, see pki.storage.ballots
    Column("requested_by", String(128), nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("needed", Integer, nullable=False),
    Column("panel", Text, nullable=False),
    Column("progress", String(16), nullable=False),
    Column("key_id", KEY_ID),
    Column("issuer", KEY_ID),
    Column("serial", Serial),
    Column("claimed_until", Moment),
)
_open_approval = approvals.c.progress.in_(("pending", "approved"))
Index(
    "ix_approvals_open",
    approvals.c.requested_at,
    sqlite_where=_open_approval,
    postgresql_where=_open_approval,
)
Index("ix_approvals_tenant", approvals.c.tenant, approvals.c.requested_at)

votes = Table(
    "votes",
    metadata,
    Column("number", String(32), ForeignKey("approvals.number"), nullable=False),
    Column("voter", String(128), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("number", "voter"),
    CheckConstraint("verdict IN ('approve', 'reject')", name="verdict"),
)

revocations = Table(
    "revocations",
    metadata,
    Column("issuer", KEY_ID, nullable=False),
    Column("serial", Serial, nullable=False),
    Column("crl_shard", SmallInteger, nullable=False),
    Column("reason", SmallInteger, nullable=False),
    Column("revoked_at", Moment, nullable=False),
    Column("not_after", Moment, nullable=False),
    # The issuer's revision with it: what a list of an earlier revision did not know.
    Column("revision", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("issuer", "serial"),
    ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"]),
    # RFC 5280 5.3.1: 7 is unused; holds and their release are not offered.
    CheckConstraint("reason IN (0, 1, 2, 3, 4, 5, 9, 10)", name="reason"),
)
# Lists are read page by page, in the order in which rows came, deltas from some row on.
Index(
    "ix_revocations_list",
    revocations.c.issuer,
    revocations.c.crl_shard,
    revocations.c.revision,
    revocations.c.serial,
)

crls = Table(
    "crls",
    metadata,
    Column("issuer", KEY_ID, ForeignKey("issuers.key_id"), nullable=False),
    Column("crl_shard", SmallInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("this_update", Moment, nullable=False),
    Column("next_update", Moment, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("der", LargeBinary),  # absent while its number is only reserved, and once superseded
    Column("delta", LargeBinary),
    PrimaryKeyConstraint("issuer", "crl_shard", "number"),
)

ocsp_answers = Table(
    "ocsp_answers",
    metadata,
    Column("issuer", KEY_ID, nullable=False),
    Column("serial", Serial, nullable=False),
    Column("hash_algorithm", String(8), nullable=False),
    Column("head", LargeBinary),  # absent until signed, and from a revocation until signed anew
    Column("responder", KEY_ID),
    Column("this_update", Moment),
    Column("next_update", Moment),
    Column("revision", BigInteger),
    Column("due_at", Moment, nullable=False),
    Column("claim", BigInteger),
    Column("claimed_until", Moment),
    PrimaryKeyConstraint("issuer", "serial", "hash_algorithm"),
)
Index("ix_ocsp_answers_due_at", ocsp_answers.c.due_at)
Index(
    "ix_ocsp_answers_claim",
    ocsp_answers.c.claim,
    sqlite_where=ocsp_answers.c.claim.is_not(None),
    postgresql_where=ocsp_answers.c.claim.is_not(None),
)

# Up to which certificate, in the order of issuance, answers are in ocsp_answers.
ocsp_enrolments = Table(
    "ocsp_enrolments",
    metadata,
    Column("issuer", KEY_ID, nullable=False),
    Column("hash_algorithm", String(8), nullable=False),
    Column("concluded_at", Moment, nullable=False),
    Column("serial", Serial, nullable=False),
    PrimaryKeyConstraint("issuer", "hash_algorithm"),
)

audit = Table(
    "audit",
    metadata,
    Column(
        "id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    ),
    Column("at", Moment, nullable=False),
    Column("event", String(64), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("issuer", String(40), nullable=False),
    Column("serial", Serial),
    Column("detail", Text, nullable=False),
)

callers = Table(
    "callers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("name", String(128), nullable=False),
    Column("key_digest", LargeBinary(32), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("withdrawn_at", Moment),
    UniqueConstraint("key_digest"),
)
