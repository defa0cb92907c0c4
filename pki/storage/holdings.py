"""Our authorities, their OCSP responders, and certificates that came signed, in their tables."""

from sqlalchemy import Engine, func, select
from sqlalchemy.dialects import postgresql, sqlite

from certs.certificate import Certificate, Reading, parse
from certs.edition import Edition
from certs.profiles.rules import Role
from pki.authority.entries import Act, Intent, Issuer, Responder, State
from pki.errors import SerialTaken
from pki.storage import audit, claims
from pki.storage.database import reading, writing
from pki.storage.register import intended, reserve
from pki.storage.tables import certificates, issuers, responders


class HoldingTable:
    """pki.ports.Holdings over the issuers, responders and certificates tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert

    def issuers(self) -> tuple[Issuer, ...]:
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(issuers)
                .where(func.length(issuers.c.certificate) > 0)
                .order_by(issuers.c.added_at)
            ).all()
        return tuple(
            Issuer(
                key_id=row.key_id,
                role=Role(row.role),
                edition=Edition(row.edition),
                tenant=row.tenant,
                certificate=parse(row.certificate, Reading.TOLERANT),
                active=row.active,
                crl_shards=row.crl_shards,
                crl_base=row.crl_base,
            )
            for row in rows
        )

    def add_issuer(self, issuer: Issuer, act: Act) -> None:
        renewed = {
            "certificate": issuer.certificate.der,
            "not_after": issuer.certificate.not_after,
            "active": issuer.active,
        }
        with writing(self._engine) as connection:
            connection.execute(
                self._insert(issuers)
                .values(
                    key_id=issuer.key_id,
                    tenant=issuer.tenant,
                    role=issuer.role.value,
                    edition=issuer.edition.value,
                    added_at=act.at,
                    crl_shards=issuer.crl_shards,
                    crl_base=issuer.crl_base,
                    **renewed,
                )
                .on_conflict_do_update(index_elements=["key_id"], set_=renewed)
            )
            audit.write(connection, [act])

    def announce(self, issuer: Issuer, act: Act) -> None:
        with writing(self._engine) as connection:
            connection.execute(
                self._insert(issuers)
                .values(
                    key_id=issuer.key_id,
                    tenant=issuer.tenant,
                    role=issuer.role.value,
                    edition=issuer.edition.value,
                    certificate=b"",
                    not_after=issuer.certificate.not_after,
                    active=False,
                    added_at=act.at,
                    crl_shards=issuer.crl_shards,
                    crl_base=issuer.crl_base,
                )
                .on_conflict_do_nothing()
            )
            audit.write(connection, [act])

    def responders(self) -> tuple[Responder, ...]:
        newest_first = select(responders).order_by(responders.c.not_after.desc())
        with reading(self._engine) as connection:
            rows = connection.execute(newest_first).all()
        return tuple(
            Responder(
                issuer=row.issuer,
                key_id=row.key_id,
                certificate=parse(row.certificate, Reading.STRICT),
                appointed_at=row.added_at,
            )
            for row in rows
        )

    def appoint(self, responder: Responder, act: Act) -> None:
        with writing(self._engine) as connection:
            connection.execute(
                self._insert(responders)
                .values(
                    issuer=responder.issuer,
                    key_id=responder.key_id,
                    certificate=responder.certificate.der,
                    not_after=responder.certificate.not_after,
                    added_at=responder.appointed_at,
                )
                .on_conflict_do_nothing()
            )
            audit.write(connection, [act])

    def enter(self, certificate: Certificate, intent: Intent, act: Act) -> None:
        row = {
            **intended(intent, act.at, State.ISSUED),
            "certificate": certificate.der,
            "concluded_at": act.at,
        }
        same = select(certificates.c.certificate).where(
            certificates.c.issuer == intent.issuer, certificates.c.serial == intent.serial
        )
        with writing(self._engine) as connection:
            present = connection.execute(same).one_or_none()
            if present is None:
                reserve(connection, [row])
                claims.enter(connection, intent)
                audit.write(connection, [act])
            elif present.certificate != certificate.der:
                raise SerialTaken("another certificate has this issuer and serial")
