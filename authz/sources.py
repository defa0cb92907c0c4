"""Which responder and which list may be asked about a certificate: the operator's to say."""

from collections.abc import Sequence
from dataclasses import dataclass

from authz.outbound_rule import OutboundRule, Target, rule_for
from certs.certificate import Certificate
from certs.keys import key_identifier

Place = tuple[Target, OutboundRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationSource:
    """Where an issuer's statuses are, by the key identifier of the issuer (20 octets)."""

    issuer_key_id: bytes
    ocsp: Place | None = None
    crl: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The operator's configuration: sources by issuer, and URL prefixes that may be followed."""

    by_issuer: tuple[RevocationSource, ...] = ()
    allowed: tuple[OutboundRule, ...] = ()

    def ocsp(
        self, certificate: Certificate, issuer: Certificate, *, offered: Sequence[str] = ()
    ) -> Place | None:
        """The responder to ask; None where the operator permits none.

        The issuer's configured one; else the first URL on the operator's list among those that
        the certificate names and those ``offered`` by whoever asks (H10: neither is ever followed
        because it stands there).
        """
        for source in self._configured(issuer):
            if source.ocsp is not None:
                return source.ocsp
        return self._listed((*certificate.ocsp_urls, *offered))

    def crl(self, certificate: Certificate, issuer: Certificate) -> Place | None:
        """The list to fetch, found in the same way."""
        for source in self._configured(issuer):
            if source.crl is not None:
                return source.crl
        return self._listed(certificate.crl_urls)

    def responder_of(self, issuer: Certificate | None, *, offered: Sequence[str]) -> Place | None:
        """The responder for an issuer's certificate of which nothing but hashes is known."""
        for source in () if issuer is None else self._configured(issuer):
            if source.ocsp is not None:
                return source.ocsp
        return self._listed(offered)

    def list_of(self, issuer: Certificate | None, *, offered: Sequence[str]) -> Place | None:
        """The issuer's list, found in the same way."""
        for source in () if issuer is None else self._configured(issuer):
            if source.crl is not None:
                return source.crl
        return self._listed(offered)

    def _configured(self, issuer: Certificate) -> list[RevocationSource]:
        key_id = key_identifier(issuer.subject_public_key)
        return [source for source in self.by_issuer if source.issuer_key_id == key_id]

    def _listed(self, urls: Sequence[str]) -> Place | None:
        for url in urls:
            place = rule_for(url, self.allowed)
            if place is not None:
                return place
        return None
