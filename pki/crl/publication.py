"""Publishing revocation lists: numbered before they are signed, checked before they are shown."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock

from cryptography import x509

from certs.keys import Signer, verifies
from pki.authority import failpoints
from pki.authority.entries import Act, Issuer, PublishedCrl, Revocation
from pki.crl.encoding import encode
from pki.errors import SignerUnavailable, Unavailable
from pki.ports import Failpoint, Keys, Lists, Revocations

SHARD = 0  # every certificate is of shard 0 until lists are split
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
# nextUpdate is three signing intervals away, so that two may fail before a list grows stale.
_INTERVALS = 3


class Publisher:
    """Builds a CRL when it is asked for and the standing one is old or lacks a revocation."""

    def __init__(
        self,
        *,
        revocations: Revocations,
        lists: Lists,
        keys: Keys,
        lifetime: timedelta,
        failpoint: Failpoint = failpoints.carry_on,
    ) -> None:
        self._revocations = revocations
        self._lists = lists
        self._keys = keys
        self._lifetime = lifetime
        self._failpoint = failpoint
        self._lock = Lock()

    def standing(self, issuer: Issuer) -> PublishedCrl | None:
        """The CRL published last, be it stale or not; nothing is built."""
        return self._lists.latest(issuer.key_id, SHARD)

    def current(self, issuer: Issuer, *, now: datetime) -> PublishedCrl:
        """The CRL to be shown now; Unavailable where none is in time and none can be signed."""
        standing = self._lists.latest(issuer.key_id, SHARD)
        if standing is not None and self._suffices(standing, now):
            return standing
        with self._lock:
            standing = self._lists.latest(issuer.key_id, SHARD)
            if standing is not None and self._suffices(standing, now):
                return standing
            try:
                return self._build(issuer, standing, now)
            except SignerUnavailable:
                # The standing list is true until its nextUpdate, if not the latest news.
                if standing is None or now > standing.next_update:
                    raise
                return standing

    def _suffices(self, standing: PublishedCrl, now: datetime) -> bool:
        fresh = now < standing.this_update + self._lifetime / _INTERVALS
        return fresh and standing.revision == self._revocations.revision(standing.issuer)

    def _build(self, issuer: Issuer, standing: PublishedCrl | None, now: datetime) -> PublishedCrl:
        signer = self._keys.signer(issuer.key_id)
        this_update = now.replace(microsecond=0)
        next_update = min(this_update + self._lifetime, issuer.certificate.not_after)
        number, revision = self._lists.reserve(
            issuer.key_id,
            SHARD,
            this_update=this_update,
            next_update=next_update,
            act=_act("crl.numbered", issuer, now),
        )
        # RFC 5280 3.3: an entry stays until it stood on a list issued after its certificate's end.
        revoked = self._revocations.listed(
            issuer.key_id,
            shard=SHARD,
            expiring_from=_EVER if standing is None else standing.this_update,
        )
        der = encode(
            revoked,
            issuer=issuer.certificate,
            number=number,
            this_update=this_update,
            next_update=next_update,
            signer=signer,
        )
        self._failpoint(failpoints.CRL_SIGNED)
        check(der, revoked, signer=signer, number=number)
        crl = PublishedCrl(
            issuer=issuer.key_id,
            shard=SHARD,
            number=number,
            this_update=this_update,
            next_update=next_update,
            revision=revision,
            der=der,
        )
        self._lists.publish(crl, _act("crl.published", issuer, now, str(number)))
        return crl


def check(der: bytes, revoked: Sequence[Revocation], *, signer: Signer, number: int) -> None:
    """Reads a CRL with another reader before it is shown; Unavailable where it says otherwise."""
    crl = x509.load_der_x509_crl(der)
    told = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    serials = {entry.serial_number for entry in crl}
    if (
        told != number
        or serials != {revocation.serial for revocation in revoked}
        or not verifies(signer.public_key, crl.signature, crl.tbs_certlist_bytes)
    ):
        raise Unavailable("the list does not say what it should", code="unavailable.crl")


def _act(event: str, issuer: Issuer, now: datetime, detail: str = "") -> Act:
    return Act(
        event=event,
        at=now,
        actor="authority",
        tenant=issuer.tenant,
        issuer=issuer.key_id,
        detail=detail,
    )
