"""The authorization house's tables, the same for SQLite and PostgreSQL.

Moments are microseconds since 1970 in UTC, because SQLite keeps no time zone; hashes and
fingerprints are octets, serial numbers lower-case hexadecimal without leading zeroes.
"""

from datetime import UTC, datetime, timedelta
from typing import overload

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as microseconds since 1970."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return moment(value)


def microseconds(value: datetime) -> int:
    """A moment as it is stored."""
    return (value - _EPOCH) // _MICROSECOND  # exact, unlike floats


@overload
def moment(stored: int) -> datetime: ...
@overload
def moment(stored: None) -> None: ...
def moment(stored: int | None) -> datetime | None:
    """A moment as it is stored, read."""
    return None if stored is None else _EPOCH + timedelta(microseconds=stored)


METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

_TENANT = sa.String(64)

TENANTS = sa.Table(
    "tenants",
    METADATA,
    sa.Column("tenant", _TENANT, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("policy", sa.Text, nullable=False),  # JSON, as GET /v1/policy shows it
    # Counts every change of anchors and policy, so that each process knows when its copy is old.
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)

API_KEYS = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("key_id", sa.String(16), primary_key=True),
    sa.Column("tenant", _TENANT, sa.ForeignKey("tenants.tenant"), nullable=False, index=True),
    sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("scopes", sa.String(100), nullable=False),  # space-separated
    sa.Column("label", sa.String(200), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("revoked_at", Moment),
)

ANCHORS = sa.Table(
    "anchors",
    METADATA,
    sa.Column("tenant", _TENANT, sa.ForeignKey("tenants.tenant"), primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary(32), primary_key=True),
    sa.Column("purpose", sa.String(8), primary_key=True),
    sa.Column("der", sa.LargeBinary, nullable=False),
    sa.Column("tolerances", sa.Text, nullable=False),  # JSON list
    sa.Column("sub_ca_roles", sa.Text, nullable=False),  # JSON object, fingerprint hex to use
    sa.Column("added_at", Moment, nullable=False),
)

CONTRACTS = sa.Table(
    "contracts",
    METADATA,
    sa.Column("tenant", _TENANT, sa.ForeignKey("tenants.tenant"), primary_key=True),
    sa.Column("emaid", sa.String(255), primary_key=True),  # canonical
    sa.Column("as_received", sa.String(255), nullable=False),
    sa.Column("state", sa.String(24), nullable=False),
    sa.Column("not_before", Moment),
    sa.Column("not_after", Moment),
    sa.Column("evse_ids", sa.Text, nullable=False),  # JSON list of canonical EVSE ids
    sa.Column("group_id", sa.String(36)),  # OCPP's groupIdToken
    sa.Column("restrictions", sa.Text, nullable=False),  # JSON: authz.restriction_document
    sa.Column("vehicle_ids", sa.Text, nullable=False),  # JSON list of canonical identifiers
    sa.Column("updated_at", Moment, nullable=False),
)

# Each contract's newest change, and those that are gone: what the local list differs by.
LIST_ENTRIES = sa.Table(
    "list_entries",
    METADATA,
    sa.Column("tenant", _TENANT, primary_key=True),
    sa.Column("emaid", sa.String(255), primary_key=True),  # canonical
    sa.Column("as_received", sa.String(255), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index(None, "tenant", "version"),
)
LIST_VERSIONS = sa.Table(
    "list_versions",
    METADATA,
    sa.Column("tenant", _TENANT, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
)

# What an operator tells of its EVSEs, where a contract's restrictions or a relay's trace need it.
EVSES = sa.Table(
    "evses",
    METADATA,
    sa.Column("tenant", _TENANT, sa.ForeignKey("tenants.tenant"), primary_key=True),
    sa.Column("evse_id", sa.String(39), primary_key=True),  # canonical
    sa.Column("as_received", sa.String(39), nullable=False),
    sa.Column("power_type", sa.String(2)),
    sa.Column("latitude", sa.Float),  # degrees, WGS 84
    sa.Column("longitude", sa.Float),
    sa.Column("updated_at", Moment, nullable=False),
)

# Where a contract was granted last: a relayed one seems to be in two places at once.
SIGHTINGS = sa.Table(
    "sightings",
    METADATA,
    sa.Column("tenant", _TENANT, primary_key=True),
    sa.Column("emaid", sa.String(255), primary_key=True),  # canonical
    sa.Column("evse_id", sa.String(39), nullable=False),  # canonical
    sa.Column("seen_at", Moment, nullable=False),
)

CONTRACT_CERTIFICATES = sa.Table(
    "contract_certificates",
    METADATA,
    sa.Column("tenant", _TENANT, primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary(32), primary_key=True),
    sa.Column("emaid", sa.String(255), nullable=False),
    sa.Column("issuer_id", sa.LargeBinary(32), nullable=False),
    sa.Column("serial", sa.String(40), nullable=False),
    sa.Column("chain_pem", sa.Text, nullable=False),  # leaf first, root excluded
    sa.Column("origin", sa.String(8), nullable=False),  # imported, or learnt from an acceptance
    sa.Column("added_at", Moment, nullable=False),
    sa.ForeignKeyConstraint(["tenant", "emaid"], ["contracts.tenant", "contracts.emaid"]),
    sa.Index(None, "tenant", "issuer_id", "serial"),
    sa.Index(None, "tenant", "emaid"),
    sa.Index(None, "fingerprint"),
)

# Who issued contract certificates, under each pair of hashes that OCPP may name them by. Issuers
# are few and contracts are many, so the hashes stand here once and not with every contract.
ISSUER_HASHES = sa.Table(
    "issuer_hashes",
    METADATA,
    sa.Column("algorithm", sa.String(8), primary_key=True),
    sa.Column("name_hash", sa.LargeBinary(64), primary_key=True),
    sa.Column("key_hash", sa.LargeBinary(64), primary_key=True),
    sa.Column("issuer_id", sa.LargeBinary(32), primary_key=True),
)

# Revocations once proved. A fact signed by the certificate's issuer, so no tenant owns it.
REVOCATIONS = sa.Table(
    "revocations",
    METADATA,
    sa.Column("certificate", sa.LargeBinary(32), primary_key=True),  # fingerprint
    sa.Column("issuer_key", sa.LargeBinary(32), primary_key=True),  # SHA-256 of its public key
    sa.Column("revoked_at", Moment, nullable=False),
    sa.Column("reason", sa.Integer, nullable=False),  # RFC 5280 5.3.1
    sa.Column("source", sa.String(8), nullable=False),
    sa.Column("this_update", Moment, nullable=False),
    sa.Column("next_update", Moment, nullable=False),
    sa.Column("produced_at", Moment),
    sa.Column("crl_number", sa.Text),  # decimal; RFC 5280 5.2.3 allows 20 octets
    sa.Column("signer_fingerprint", sa.LargeBinary(32), nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("recorded_at", Moment, nullable=False, index=True),
)

# Whose statements are kept below; each once, and not with every certificate it issued.
ISSUER_CERTIFICATES = sa.Table(
    "issuer_certificates",
    METADATA,
    sa.Column("fingerprint", sa.LargeBinary(32), primary_key=True),
    sa.Column("der", sa.LargeBinary, nullable=False),
)

# Certificates in use, each with the newest OCSP response about it. Nothing here is believed as it
# stands: whoever uses a response verifies it again, under an issuer that a chain led to.
SIGNED_ANSWERS = sa.Table(
    "signed_answers",
    METADATA,
    sa.Column("certificate", sa.LargeBinary(32), primary_key=True),  # fingerprint
    sa.Column("issuer_key", sa.LargeBinary(32), primary_key=True),  # SHA-256 of its public key
    sa.Column("der", sa.LargeBinary, nullable=False),
    sa.Column("issuer", sa.LargeBinary(32), nullable=False),  # in ISSUER_CERTIFICATES
    sa.Column("authority", sa.Boolean, nullable=False),
    sa.Column("not_after", Moment, nullable=False),
    sa.Column("hash_algorithm", sa.String(8)),  # of the CertID that was asked with
    sa.Column("response", sa.LargeBinary),  # DER; nothing while a list tells, or nobody yet
    sa.Column("this_update", Moment),
    sa.Column("next_update", Moment),
    sa.Column("refresh_at", Moment, index=True),  # nothing: not until somebody asks
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("asked_at", Moment, nullable=False, index=True),
)

# The newest CRL of each place, believed no more than the above.
SIGNED_LISTS = sa.Table(
    "signed_lists",
    METADATA,
    sa.Column("issuer_key", sa.LargeBinary(32), primary_key=True),  # SHA-256 of its public key
    sa.Column("place", sa.LargeBinary(32), primary_key=True),  # SHA-256 of its URL
    sa.Column("octets", sa.LargeBinary, nullable=False),
    sa.Column("number", sa.Text),  # decimal
    sa.Column("this_update", Moment, nullable=False),
    sa.Column("next_update", Moment, nullable=False),
)

# Requests that may be sent again; ``answer`` is written with their decision, in one transaction.
IDEMPOTENCY_KEYS = sa.Table(
    "idempotency_keys",
    METADATA,
    sa.Column("tenant", _TENANT, sa.ForeignKey("tenants.tenant"), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),  # SHA-256 over the body
    sa.Column("token", sa.LargeBinary(16), nullable=False),  # whose reservation it is
    sa.Column("taken_at", Moment, nullable=False, index=True),
    sa.Column("answer", sa.LargeBinary),
)

DECISIONS = sa.Table(
    "decisions",
    METADATA,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("decision_id", sa.String(36), nullable=False, unique=True),
    sa.Column("tenant", _TENANT, nullable=False),
    sa.Column("decided_at", Moment, nullable=False),
    sa.Column("granted", sa.Boolean, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),  # JSON, as GET /v1/decisions/{id} shows it
    sa.Column("previous_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
)

# Transactions at stations. ``number`` is what stations of OCPP 1.6 call them: never used twice.
TRANSACTIONS = sa.Table(
    "transactions",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("tenant", _TENANT, sa.ForeignKey("tenants.tenant"), nullable=False),
    sa.Column("identity", sa.String(48), nullable=False),
    sa.Column("transaction_id", sa.String(36), nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("heard_at", Moment, nullable=False),
    sa.Column("evse", sa.Integer),
    sa.Column("connector", sa.Integer),
    sa.Column("emaid", sa.String(255)),  # canonical
    sa.Column("authorized", sa.Boolean, nullable=False),
    sa.Column("decision_id", sa.String(36)),
    sa.Column("offline", sa.Boolean, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("reason", sa.String(50)),
    sa.UniqueConstraint("tenant", "identity", "transaction_id"),
    sa.Index(None, "tenant", "emaid", "ended_at"),
    sqlite_autoincrement=True,
)

# Charging stations that may connect by OCPP.
STATIONS = sa.Table(
    "stations",
    METADATA,
    sa.Column("tenant", _TENANT, sa.ForeignKey("tenants.tenant"), primary_key=True),
    sa.Column("identity", sa.String(48), primary_key=True),
    sa.Column("profile", sa.Integer, nullable=False),  # OCPP's security profile
    sa.Column("salt", sa.LargeBinary(16)),
    sa.Column("password_digest", sa.LargeBinary(32)),
    sa.Column("common_name", sa.String(64)),  # of its certificate, where not its identity
    sa.Column("updated_at", Moment, nullable=False),
)

# What a provisioning service answered and the station has not fetched yet (OCPP 2.1 M01.FR.03).
CONTRACT_ANSWERS = sa.Table(
    "contract_answers",
    METADATA,
    sa.Column("tenant", _TENANT, sa.ForeignKey("tenants.tenant"), primary_key=True),
    sa.Column("identity", sa.String(48), primary_key=True),
    sa.Column("request", sa.LargeBinary(32), primary_key=True),
    sa.Column("answers", sa.Text, nullable=False),  # JSON list of base64 EXI; keys in it are sealed
    sa.Column("expires_at", Moment, nullable=False),
)

# Certificates that stations asked for, until each has an end (OCPP A02, A03).
SIGNING_REQUESTS = sa.Table(
    "signing_requests",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("tenant", _TENANT, sa.ForeignKey("tenants.tenant"), nullable=False),
    sa.Column("identity", sa.String(48), nullable=False),
    sa.Column("csr", sa.Text, nullable=False),
    sa.Column("certificate_type", sa.String(32)),
    sa.Column("request_id", sa.BigInteger),
    sa.Column("wrapped", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("chain", sa.Text),
    sa.Column("reason", sa.String(200)),
    sa.Index(None, "state", "due_at"),
    sa.Index(None, "tenant", "identity"),
    sqlite_autoincrement=True,
)

# What was asked of stations, and what they answered.
STATION_COMMANDS = sa.Table(
    "station_commands",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("tenant", _TENANT, sa.ForeignKey("tenants.tenant"), nullable=False),
    sa.Column("identity", sa.String(48), nullable=False),
    sa.Column("action", sa.String(50), nullable=False),
    sa.Column("asked", sa.Text, nullable=False),  # JSON
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("answer", sa.Text),  # JSON
    sa.Column("failure", sa.String(50)),
    sa.Index(None, "tenant", "identity", "action"),
    sqlite_autoincrement=True,
)

# Processes of the service that stations connect to; who was not seen of late is none any more.
WORKERS = sa.Table(
    "station_workers",
    METADATA,
    sa.Column("worker", sa.String(32), primary_key=True),
    sa.Column("seen_at", Moment, nullable=False),
)

# Which of them each connected station came to last. Nothing here outlives its worker.
PRESENCE = sa.Table(
    "station_presence",
    METADATA,
    sa.Column("tenant", _TENANT, primary_key=True),
    sa.Column("identity", sa.String(48), primary_key=True),
    sa.Column("version", sa.String(16), nullable=False),
    sa.Column("worker", sa.String(32), nullable=False, index=True),
)

# Calls to stations that one worker hands to another, until their answers are fetched.
HANDED_CALLS = sa.Table(
    "handed_calls",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("worker", sa.String(32), nullable=False),
    sa.Column("tenant", _TENANT, nullable=False),
    sa.Column("identity", sa.String(48), nullable=False),
    sa.Column("action", sa.String(50), nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("timeout_seconds", sa.Double, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("ending", sa.String(8), nullable=False),
    sa.Column("outcome", sa.Text),  # JSON: payload, code, description
    sa.Index(None, "worker", "ending"),
    sqlite_autoincrement=True,
)
