"""What killed processes told, held against what the database kept."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from certs import der


def digest(octets) -> str:
    return sha256(bytes(octets)).hexdigest()[:32]


@dataclass(kw_only=True)
class Told:
    """Everything that left the processes before they died."""

    signed: defaultdict = field(default_factory=lambda: defaultdict(set))
    handed_out: dict = field(default_factory=dict)
    revoked: set = field(default_factory=set)
    published: dict = field(default_factory=dict)
    counts: Counter = field(default_factory=Counter)

    def take(self, octets: bytes) -> bool:
        """One process's lines, the last perhaps unfinished; whether it came as far as opening."""
        *lines, _unfinished = octets.decode().split("\n")
        for line in lines:
            kind, *rest = line.split(" ")
            self.counts[kind] += 1
            match kind:
                case "signed":
                    self.signed[rest[0], int(rest[1], 16)].add(rest[2])
                case "told":
                    self.handed_out[rest[0], int(rest[1], 16)] = rest[2]
                case "revoked":
                    self.revoked.add((rest[0], int(rest[1], 16)))
                case "published":
                    self.published.setdefault((rest[0], int(rest[1])), set()).add(rest[2])
        return any(line.startswith("opened") for line in lines)


@dataclass(frozen=True, kw_only=True)
class Losses:
    """What must be nought. ``kept`` counts what was found as it should be."""

    unrecorded: int  # signed, and no intent with these octets in the register
    missing: int  # handed out, and not in the register as handed out
    duplicate_serials: int  # one serial over two contents
    lost_revocations: int
    list_numbers_reused: int  # two lists handed out under one number, or the standing one is older
    unaudited: int  # issued, and the audit does not tell of intent and signature
    answers_belied: int  # signed ahead, and another status than the register has, or no signature
    pending: int  # intents left open after reconciliation
    damaged: int  # 1 where the database's own check finds fault
    kept: int

    @property
    def total(self) -> int:
        return sum(vars(self).values()) - self.kept


def losses(url: str, told: Told) -> Losses:
    """Reads the tables with plain SQL: not one line of the code under test takes part."""
    parsed = make_url(url)
    path = parsed.query.get("search_path")
    engine = create_engine(
        parsed.difference_update_query(["search_path"]),
        connect_args={"startup_params": {"search_path": path}} if path else {},
        poolclass=NullPool,
    )
    with engine.connect() as connection:
        rows = {
            (row.issuer, int.from_bytes(row.serial, "big")): row
            for row in connection.execute(
                text("SELECT issuer, serial, state, tbs, certificate FROM certificates")
            )
        }
        revoked = {
            (row.issuer, int.from_bytes(row.serial, "big"))
            for row in connection.execute(text("SELECT issuer, serial FROM revocations"))
        }
        standing = {
            row.issuer: row.number
            for row in connection.execute(
                text("SELECT issuer, max(number) AS number FROM crls GROUP BY issuer")
            )
        }
        acts = Counter(
            (row.issuer, int.from_bytes(row.serial, "big"), row.event)
            for row in connection.execute(
                text("SELECT issuer, serial, event FROM audit WHERE serial IS NOT NULL")
            )
        )
        belied = _belied(connection, revoked)
        damaged = 0
        if engine.dialect.name == "sqlite":
            damaged = connection.execute(text("PRAGMA integrity_check")).scalar_one() != "ok"
    engine.dispose()

    def recorded(name, contents) -> bool:
        return name in rows and {digest(rows[name].tbs)} == contents

    def stands(name, content) -> bool:
        row = rows.get(name)
        return row is not None and row.state == "issued" and digest(row.certificate) == content

    def audited(name) -> bool:
        imported = acts[(*name, "certificate.imported")]
        steps = ("issuance.intended", "issuance.signed")
        return bool(imported) or all(acts[(*name, step)] == 1 for step in steps)

    unrecorded = sum(not recorded(name, contents) for name, contents in told.signed.items())
    missing = sum(not stands(name, content) for name, content in told.handed_out.items())
    return Losses(
        unrecorded=unrecorded,
        missing=missing,
        duplicate_serials=sum(len(contents) > 1 for contents in told.signed.values()),
        lost_revocations=len(told.revoked - revoked),
        list_numbers_reused=sum(
            len(contents) > 1 or number > standing.get(issuer, 0)
            for (issuer, number), contents in told.published.items()
        ),
        unaudited=sum(row.state == "issued" and not audited(name) for name, row in rows.items()),
        answers_belied=belied,
        pending=sum(row.state == "intended" for row in rows.values()),
        damaged=int(damaged),
        kept=len(told.signed) - unrecorded + len(told.handed_out) - missing,
    )


def _belied(connection, revoked) -> int:
    """How many answers signed ahead are not true, each read and verified by another library."""
    signers = {
        row.key_id: row.certificate
        for row in connection.execute(text("SELECT key_id, certificate FROM responders"))
    }
    belied = 0
    for row in connection.execute(
        text("SELECT issuer, serial, head, responder FROM ocsp_answers WHERE head IS NOT NULL")
    ):
        signer = bytes(signers[row.responder])
        ending = der.encode(0xA0, der.encode(der.SEQUENCE, signer))
        told = ocsp.load_der_ocsp_response(bytes(row.head) + ending)
        serial = int.from_bytes(row.serial, "big")
        fallen = (row.issuer, serial) in revoked
        wanted = ocsp.OCSPCertStatus.REVOKED if fallen else ocsp.OCSPCertStatus.GOOD
        try:
            x509.load_der_x509_certificate(signer).public_key().verify(
                told.signature, told.tbs_response_bytes, ec.ECDSA(told.signature_hash_algorithm)
            )
        except InvalidSignature:
            belied += 1
            continue
        belied += (told.certificate_status, told.serial_number) != (wanted, serial)
    return belied
