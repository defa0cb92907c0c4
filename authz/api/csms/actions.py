"""What a station may ask, and what it is answered."""

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import msgspec

from authz.adapters.outbound import Ask, Outbound
from authz.api.csms.frames import CALL, BrokenCallError, Payload, Version, check
from authz.api.ocpp import read_question
from authz.callers import Caller
from authz.errors import Unavailable
from authz.outbound_rule import rule_for
from authz.service import Authorizer
from authz.sources import Sources
from certs.errors import Malformed
from certs.revocation.hash_data import OCPP_2_1, parse
from certs.revocation.ocsp_request import OcspQuestion, encode_request

HEARTBEAT_SECONDS = 300
VENDOR = "org.openchargealliance.iso15118pnc"
OCSP_SECONDS_MAX = 3.0  # a station waits five seconds for PaymentDetailsRes
# ocspResult in base64: OCPP 2.0.1 and 2.1
OCSP_CHARACTERS_MAX: Mapping[Version, int] = {
    Version.V1_6: 5_500,
    Version.V2_0_1: 5_500,
    Version.V2_1: 18_000,
}

Action = Callable[[Payload], Awaitable[Payload]]


class Actions:
    """The answers for one connected station."""

    def __init__(
        self,
        *,
        version: Version,
        caller: Callable[[], Awaitable[Caller]],
        authorizer: Authorizer,
        outbound: Outbound,
        sources: Sources,
        clock: Callable[[], datetime],
    ) -> None:
        self._version = version
        self._caller = caller
        self._authorizer = authorizer
        self._outbound = outbound
        self._sources = sources
        self._clock = clock
        pnc: dict[str, Action] = {
            "Authorize": self._authorize,
            "Get15118EVCertificate": self._get_contract,
            "GetCertificateStatus": self._get_status,
        }
        stays: dict[str, Action] = {
            "BootNotification": self._boot,
            "Heartbeat": self._heartbeat,
            "StatusNotification": self._noted,
        }
        self._pnc: Mapping[str, Action] = pnc
        old = version is Version.V1_6
        self._table: Mapping[str, Action] = (
            {**stays, "MeterValues": self._noted, "DataTransfer": self._data_transfer}
            if old
            else {**stays, **pnc, "MeterValues": self._noted}
        )

    @property
    def names(self) -> frozenset[str]:
        """The actions that are implemented for this version."""
        return frozenset(self._table)

    async def answer(self, action: str, payload: Payload) -> Payload:
        """The payload of the answer; Unavailable where none can be given."""
        return await self._table[action](payload)

    async def _boot(self, _payload: Payload) -> Payload:
        return {
            "currentTime": self._now(),
            "interval": HEARTBEAT_SECONDS,
            "status": "Accepted",
        }

    async def _heartbeat(self, _payload: Payload) -> Payload:
        return {"currentTime": self._now()}

    async def _noted(self, _payload: Payload) -> Payload:
        return {}

    def _now(self) -> str:
        return self._clock().isoformat(timespec="seconds").replace("+00:00", "Z")

    async def _authorize(self, payload: Payload) -> Payload:
        """The judge's pair; what cannot be read is refused by a status (C07.FR.04)."""
        try:
            question = read_question(msgspec.json.encode(payload))
            decided = await self._authorizer.authorize(await self._caller(), question)
        except Malformed:
            refused: Payload = {"idTokenInfo": {"status": "Invalid"}}
            if "certificate" in payload or "iso15118CertificateHashData" in payload:
                refused["certificateStatus"] = "CertChainError"
            return refused
        told: Payload = json.loads(decided.answer)
        return {name: told[name] for name in ("idTokenInfo", "certificateStatus") if name in told}

    async def _get_contract(self, _payload: Payload) -> Payload:
        # exiResponse is required even on Failed; EVerest#2245 dies without it
        return {"status": "Failed", "exiResponse": ""}

    async def _get_status(self, payload: Payload) -> Payload:
        """M06: Accepted says that an answer was fetched, not that the certificate is good.

        The station's URL is followed only below a prefix on the operator's list (H10).
        """
        try:
            data = parse(payload["ocspRequestData"], limits=OCPP_2_1)
        except Malformed:
            return {"status": "Failed"}
        place = rule_for(data.responder_url, self._sources.allowed)
        if place is None:
            return {"status": "Failed"}
        characters_max = OCSP_CHARACTERS_MAX[self._version]
        question = OcspQuestion(
            hash_algorithm=data.hash_algorithm,
            issuer_name_hash=data.issuer_name_hash,
            issuer_key_hash=data.issuer_key_hash,
            serial=data.serial,
        )
        ask = Ask(
            target=place[0],
            rule=place[1],
            body=encode_request(question),
            content_type="application/ocsp-request",
            accept="application/ocsp-response",
            bytes_max=characters_max // 4 * 3,
        )
        try:
            response = await self._outbound.fetch(ask, deadline_seconds=OCSP_SECONDS_MAX)
        except Unavailable:
            return {"status": "Failed"}
        return {"status": "Accepted", "ocspResult": b64encode(response).decode()}

    async def _data_transfer(self, payload: Payload) -> Payload:
        """OCPP 1.6: the same messages as JSON in a string (application note of 2020)."""
        if payload["vendorId"] != VENDOR:
            return {"status": "UnknownVendorId"}
        name = payload.get("messageId", "")
        action = self._pnc.get(name)
        if action is None:
            return {"status": "UnknownMessageId"}
        try:
            inner = msgspec.json.decode(payload.get("data", ""), type=Payload)
            check(inner, name, Version.V2_0_1, "", kind=CALL)
        except (msgspec.DecodeError, BrokenCallError):
            return {"status": "Rejected"}
        told = await action(inner)
        return {"status": "Accepted", "data": json.dumps(told)}
