"""Taking in authorities and certificates that were made elsewhere."""

from dataclasses import replace

from certs.certificate import Certificate
from certs.edition import Edition
from certs.hierarchy import World
from certs.keys import PrivateKey, key_identifier, kind_of, spki
from certs.profiles import catalogue
from certs.profiles.ocsp_responder import CERTIFICATE_AUTHORITIES
from certs.profiles.rules import Role
from pki.authority import shards
from pki.authority.directory import issuer_is
from pki.authority.entries import Act, Intent, Issuer, Responder
from pki.authority.identity import identify
from pki.clock import SteadyClock
from pki.errors import ConfigurationRefused
from pki.ports import Holdings, Keys


class Importing:
    """Takes in a V2G world, or its parts one by one. Taking in the same twice changes nothing."""

    def __init__(
        self,
        *,
        holdings: Holdings,
        keys: Keys,
        clock: SteadyClock,
        public_url: str,
        crl_shards: int = 1,
    ) -> None:
        """``crl_shards`` are those of authorities that are new here."""
        self._public_url = public_url
        self._crl_shards = crl_shards
        self._holdings = holdings
        self._keys = keys
        self._clock = clock

    def world(self, world: World, *, tenant: str) -> None:
        """Every authority with its key, its OCSP delegate with its key, every leaf without."""
        for identity in world:
            certificate, role, edition = identity.certificate, identity.role, world.edition
            if role in CERTIFICATE_AUTHORITIES:
                self.authority(
                    certificate, identity.private_key, role=role, edition=edition, tenant=tenant
                )
            else:
                self.certificate(certificate, role=role, edition=edition, tenant=tenant)
        for identity in world:
            if identity.role in CERTIFICATE_AUTHORITIES:
                delegate = world.responder(identity.role)
                self.responder(
                    delegate.certificate,
                    delegate.private_key,
                    edition=world.edition,
                    tenant=tenant,
                )

    def authority(
        self,
        certificate: Certificate,
        key: PrivateKey | None,
        *,
        role: Role,
        edition: Edition,
        tenant: str,
    ) -> Issuer:
        """A certificate authority; without its key it can be looked up but signs nothing here.

        Its certificate is entered too, under itself for a root, else under its issuer where that
        is ours. Raises ConfigurationRefused where key and certificate are no pair, or no CA.
        """
        constraints = certificate.basic_constraints
        if role not in CERTIFICATE_AUTHORITIES or constraints is None or not constraints.ca:
            raise ConfigurationRefused("not the certificate of an authority")
        key_id = _key_id(certificate)
        self._keep(certificate, key, role)
        issuer = self.placed(
            Issuer(
                key_id=key_id, role=role, edition=edition, tenant=tenant, certificate=certificate
            )
        )
        self._holdings.add_issuer(issuer, self._act("authority.imported", tenant, key_id))
        if self._parent(certificate) is not None:
            self.certificate(certificate, role=role, edition=edition, tenant=tenant)
        # As it is kept: one that was here before keeps the shards it began with.
        return next(kept for kept in self._holdings.issuers() if kept.key_id == key_id)

    def placed(self, issuer: Issuer) -> Issuer:
        """An authority that is new here, with the lists that its revocations are split into."""
        base = self._public_url if self._crl_shards > 1 else None
        return replace(issuer, crl_shards=self._crl_shards, crl_base=base)

    def certificate(
        self, certificate: Certificate, *, role: Role, edition: Edition, tenant: str
    ) -> None:
        """A certificate that an authority of ours signed elsewhere: it is answered for from now on.

        Raises ConfigurationRefused where its issuer is none of ours, SerialTaken where the
        register has another certificate by this serial.
        """
        parent = self._parent(certificate)
        if parent is None:
            raise ConfigurationRefused("the certificate's issuer is no authority of ours")
        profile = catalogue.profile(role, edition)
        intent = Intent(
            issuer=parent.key_id,
            serial=certificate.serial,
            tenant=tenant,
            profile=profile.name,
            common_name=certificate.common_name or "",
            identity=identify(certificate.common_name or "", profile).canonical,
            role=role,
            subject_key_id=_key_id(certificate),
            not_before=certificate.not_before,
            not_after=certificate.not_after,
            crl_shard=shards.shard_named(certificate, parent, public_url=self._public_url),
            tbs=certificate.tbs,
        )
        act = self._act("certificate.imported", tenant, parent.key_id, certificate.serial)
        self._holdings.enter(certificate, intent, act)

    def responder(
        self, certificate: Certificate, key: PrivateKey | None, *, edition: Edition, tenant: str
    ) -> None:
        """A delegated OCSP signer with its key, entered and appointed for its issuer."""
        parent = self._parent(certificate)
        if parent is None or key is None:
            raise ConfigurationRefused("an OCSP signer without its issuer or its key")
        role = Role.OCSP_RESPONDER
        self._keep(certificate, key, role)
        self.certificate(certificate, role=role, edition=edition, tenant=tenant)
        self._holdings.appoint(
            Responder(
                issuer=parent.key_id,
                key_id=_key_id(certificate),
                certificate=certificate,
                appointed_at=self._clock.now(),
            ),
            self._act("responder.appointed", tenant, parent.key_id, certificate.serial),
        )

    def _keep(self, certificate: Certificate, key: PrivateKey | None, role: Role) -> None:
        if key is None:
            return
        if kind_of(key) is not certificate.key_kind or spki(key.public_key()) != certificate.spki:
            raise ConfigurationRefused("the private key is not the certificate's")
        if not self._keys.holds(_key_id(certificate)):
            self._keys.store(key, role=role.value)

    def _parent(self, certificate: Certificate) -> Issuer | None:
        for issuer in self._holdings.issuers():
            if issuer_is(issuer.certificate, of=certificate):
                return issuer
        return None

    def _act(self, event: str, tenant: str, issuer: str, serial: int | None = None) -> Act:
        return Act(
            event=event,
            at=self._clock.now(),
            actor="import",
            tenant=tenant,
            issuer=issuer,
            serial=serial,
        )


def _key_id(certificate: Certificate) -> str:
    return key_identifier(certificate.subject_public_key).hex()
