"""Fetching the status of certificates of which only hash data are known, verified."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from authz.adapters.guarded import Fetches
from authz.adapters.kept_responses import KeptResponses
from authz.adapters.outbound import Ask
from authz.errors import Unavailable
from authz.sources import Place, Sources
from authz.status_answer import SIGNED_UNKNOWN, StatusAnswer
from certs.certificate import Certificate, parse
from certs.errors import Malformed
from certs.revocation import crl
from certs.revocation.crl import CrlPolicy
from certs.revocation.hash_data import HashData
from certs.revocation.ocsp import OcspPolicy, judge_response
from certs.revocation.ocsp_request import encode_request, question_from
from certs.revocation.ocsp_response import ResponseStatus, read
from certs.revocation.status import Good, Revoked, Unknown


class StatusFetcher:
    """authz.ports.StatusAnswers over HTTP.

    A URL that a station names is followed only below a prefix on the operator's list (H10), and
    what comes back is handed on only where the issuer that the station named has signed it: a
    station learns nothing of what else answers there (citrineos-core#929).

    A responder is always asked first, so that nobody is told less than it knows. What it said
    before is handed on while it is silent, judged anew, as long as it is in time.
    """

    def __init__(self, outbound: Fetches, sources: Sources, *, crl_bytes_max: int) -> None:
        self._outbound = outbound
        self._sources = sources
        self._kept = KeptResponses()
        self._crl_policy = CrlPolicy(crl_bytes_max=crl_bytes_max)

    async def ocsp(
        self,
        data: HashData,
        issuer: Certificate | None,
        *,
        urls: Sequence[str],
        now: datetime,
        deadline_seconds: float,
    ) -> StatusAnswer:
        place = self._sources.responder_of(issuer, offered=urls)
        if place is None:
            return StatusAnswer(status=Unknown("revocation.source_missing"))
        policy = OcspPolicy()
        ask = Ask(
            target=place[0],
            rule=place[1],
            body=encode_request(question_from(data)),
            content_type="application/ocsp-request",
            accept="application/ocsp-response",
            bytes_max=policy.response_bytes_max,
        )
        try:
            response = await self._outbound.fetch(ask, deadline_seconds=deadline_seconds)
        except Unavailable as silent:
            kept = self._kept.recall(data)
            told = None if kept is None else _judged(kept, data, issuer, now=now, policy=policy)
            if told is not None and told.response:
                return told
            return StatusAnswer(status=Unknown("revocation.source_unreachable", silent.detail))
        told = _judged(response, data, issuer, now=now, policy=policy)
        if told.response:
            self._kept.keep(data, told.response, told.status)
        return told

    async def crl(
        self,
        data: HashData,
        issuer: Certificate | None,
        *,
        urls: Sequence[str],
        now: datetime,
        deadline_seconds: float,
    ) -> StatusAnswer:
        place = self._sources.list_of(issuer, offered=urls)
        if issuer is None or place is None:
            return StatusAnswer(status=Unknown("revocation.source_missing"))
        ask = _list(place, self._crl_policy.crl_bytes_max)
        try:
            octets = await self._outbound.fetch(ask, deadline_seconds=deadline_seconds)
        except Unavailable as silent:
            return StatusAnswer(status=Unknown("revocation.source_unreachable", silent.detail))
        # A list of megabytes takes a while to check, and others wait on this event loop.
        listed = await asyncio.to_thread(
            crl.read, octets, issuer=issuer, now=now, policy=self._crl_policy
        )
        if isinstance(listed, Unknown):
            return StatusAnswer(status=listed)
        return StatusAnswer(status=listed.status_of_serial(data.serial, now=now))


def _judged(
    response: bytes,
    data: HashData,
    issuer: Certificate | None,
    *,
    now: datetime,
    policy: OcspPolicy,
) -> StatusAnswer:
    """What a response establishes, with its octets where its issuer signed it and it is in time."""
    named = issuer or _issuer_within(response, data)
    if named is None:
        return StatusAnswer(status=Unknown("revocation.ocsp_signer_unknown"))
    question = question_from(data)
    status = judge_response(response, question=question, issuer=named, now=now, policy=policy)
    believed = isinstance(status, Good | Revoked) or status.code == SIGNED_UNKNOWN
    return StatusAnswer(status=status, response=response if believed else b"")


def _list(place: Place, bytes_max: int) -> Ask:
    target, rule = place
    return Ask(target=target, rule=rule, accept="application/pkix-crl", bytes_max=bytes_max)


def names_issuer(data: HashData, certificate: Certificate) -> bool:
    """Whether hash data name this certificate as their issuer: both of its hashes."""
    algorithm = data.hash_algorithm
    return (
        algorithm.digest(certificate.subject_public_key) == data.issuer_key_hash
        and algorithm.digest(certificate.subject) == data.issuer_name_hash
    )


def _issuer_within(response: bytes, data: HashData) -> Certificate | None:
    """The issuer that the station named, where the response brings its certificate along.

    Its name and key are the ones that the station hashed, so whoever signed with that key is who
    the station asks about.
    """
    try:
        answer = read(response)
    except Malformed:
        return None
    if isinstance(answer, ResponseStatus):
        return None
    for encoded in answer.certificates:
        try:
            certificate = parse(encoded)
        except Malformed:
            continue
        if names_issuer(data, certificate):
            return certificate
    return None
