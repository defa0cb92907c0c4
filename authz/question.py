"""What a charging station's backend asks: may this token charge at this EVSE?"""

import msgspec

from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.revocation.hash_dialects import Reading


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """An OCPP AuthorizeRequest, read.

    ``emaid`` is None where the token is of another type, named by ``token_type``. ``chain_pem`` is
    the PEM chain as it came, leaf first, unread; None where there was none. ``hashes`` are
    what the certificate hash data may mean, entry by entry, OCPP's own reading first.
    ``station`` is the identity of the connected station that asks, ``vehicle_ids`` what it says of
    the vehicle (canonical).
    """

    token_type: str
    emaid: EMAID | None
    chain_pem: str | None = None
    hashes: tuple[tuple[Reading, ...], ...] = ()
    evse_id: EVSEID | None = None
    station: str | None = None
    vehicle_ids: frozenset[str] = frozenset()
