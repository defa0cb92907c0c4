"""Which certificate an issuer's hashes mean: the tenant's anchors, and what the operator lists."""

from authz.adapters.anchors import TrustBook
from authz.adapters.status_answers import names_issuer
from certs.certificate import Certificate
from certs.revocation.hash_data import HashData


class KnownAuthorities:
    """authz.ports.Authorities over the tenant's anchors and the operator's own sub-CAs."""

    def __init__(self, trusts: TrustBook, listed: tuple[Certificate, ...]) -> None:
        self._trusts = trusts
        self._listed = listed

    async def issuer(self, tenant: str, data: HashData) -> Certificate | None:
        anchors = [anchor.certificate for anchor in await self._trusts.anchors(tenant)]
        for certificate in (*self._listed, *anchors):
            if names_issuer(data, certificate):
                return certificate
        return None
