"""The OCSP responder: request octets in, response octets out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from certs.errors import Malformed
from pki.authority.directory import Directory
from pki.authority.entries import Issuer, Standing, State
from pki.errors import Unavailable
from pki.ocsp.known import KnownStandings
from pki.ocsp.request import CertId, OcspRequest, parse, shortest
from pki.ocsp.response import (
    CertStatus,
    Good,
    ResponseStatus,
    Revoked,
    SingleResponse,
    Unknown,
    encode,
    encode_error,
)
from pki.ports import Keys, Standings
from pki.signing.purposes import SignOcspResponse

_ANSWER = SignOcspResponse()

_GOOD = Good()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response and how long it may be kept. The moments are None for errors.

    ``cacheable`` is false where the answer is bound to one request's nonce, or is an error.
    ``about`` is the authority's key id where whoever asks in these octets may be given this answer:
    it tells of one certificate that was issued, and the request holds nothing but its CertID.
    ``signer`` is the responder's key id.
    """

    status: ResponseStatus
    der: bytes
    cacheable: bool = False
    this_update: datetime | None = None
    next_update: datetime | None = None
    about: str | None = None
    signer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request that one authority of ours answers.

    ``plain`` is true where it asks about one certificate and nothing else.
    """

    asked: OcspRequest
    issuer: Issuer
    plain: bool


def understand(request: bytes, *, directory: Directory) -> Question | Answer:
    """What these octets ask, or what RFC 6960 answers to those that ask nothing here.

    All CertIDs of one request must name one authority of ours, because one delegated signer
    answers for one authority (RFC 6960 4.2.2.2); anything else is unauthorized.
    """
    try:
        asked = parse(request)
    except Malformed:
        return refusal(ResponseStatus.MALFORMED_REQUEST)
    issuer = _issuer(asked, directory)
    if issuer is None:
        return refusal(ResponseStatus.UNAUTHORIZED)
    return Question(asked=asked, issuer=issuer, plain=request == shortest(asked))


def respond(
    question: Question,
    *,
    directory: Directory,
    standings: Standings,
    known: KnownStandings,
    keys: Keys,
    now: datetime,
    lifetime: timedelta,
) -> Answer:
    """The answer signed now; tryLater where no signer, key or database is there for it."""
    asked, issuer = question.asked, question.issuer
    responder = directory.responder(issuer.key_id, now=now)
    if responder is None:
        return refusal(ResponseStatus.TRY_LATER)
    try:
        statuses = [
            _status(cert_id, issuer, standings, known=known, now=now) for cert_id in asked.cert_ids
        ]
        # RFC 6960 2.4: when the status was last known to be correct.
        this_update = _whole_second(min([as_of for _, as_of in statuses]))
        # A response outliving its signer's certificate would be believed by nobody.
        next_update = min(this_update + lifetime, responder.certificate.not_after)
        der = encode(
            [
                SingleResponse(
                    cert_id=cert_id.encoded,
                    status=status,
                    this_update=this_update,
                    next_update=next_update,
                )
                for cert_id, (status, _) in zip(asked.cert_ids, statuses, strict=True)
            ],
            produced_at=_whole_second(now),
            nonce=asked.nonce,
            responder=responder.certificate,
            signer=keys.signer(responder.key_id, _ANSWER),
        )
    except Unavailable:
        return refusal(ResponseStatus.TRY_LATER)
    kept = question.plain and not isinstance(statuses[0][0], Unknown)
    return Answer(
        status=ResponseStatus.SUCCESSFUL,
        der=der,
        cacheable=asked.nonce is None,
        this_update=this_update,
        next_update=next_update,
        about=issuer.key_id if kept else None,
        signer=responder.key_id,
    )


def refusal(status: ResponseStatus) -> Answer:
    """An answer that says why there is none."""
    return Answer(status=status, der=encode_error(status))


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0) if moment.microsecond else moment


def _issuer(asked: OcspRequest, directory: Directory) -> Issuer | None:
    first, *others = [
        directory.by_hashes(
            cert_id.hash_algorithm, name=cert_id.issuer_name_hash, key=cert_id.issuer_key_hash
        )
        for cert_id in asked.cert_ids
    ]
    return first if all(issuer is first for issuer in others) else None


def _status(
    cert_id: CertId,
    issuer: Issuer,
    standings: Standings,
    *,
    known: KnownStandings,
    now: datetime,
) -> tuple[CertStatus, datetime]:
    """The status and when it was known to be so."""
    as_of = known.good_as_of(issuer.key_id, cert_id.serial, now=now)
    if as_of is not None:
        still = standings.still(issuer.key_id, known.revision(issuer.key_id))
        if still is not False:  # where it is, someone revoked since: perhaps this one
            return _GOOD, as_of if still is None else now
    mark = known.mark()
    # A serial of zero or less was never reserved, and columns keep none.
    standing = standings.standing(issuer.key_id, cert_id.serial) if cert_id.serial > 0 else None
    status = status_of(standing)
    if isinstance(status, Good):
        known.keep(issuer.key_id, cert_id.serial, mark=mark)
    return status, now


def status_of(standing: Standing | None) -> CertStatus:
    """What is said of a certificate that stands so; None: no intent for it was ever recorded."""
    if standing is None:
        return Unknown()
    if standing.revocation is not None:
        return Revoked(revoked_at=standing.revocation.revoked_at, reason=standing.revocation.reason)
    # O19: an intent is not a certificate, whether its signature is under way or was given up.
    return _GOOD if standing.state is State.ISSUED else Unknown()
