"""A small CSMS twin on PyPI ocpp, which validates every message against OCA's JSON schemas.

``Csms`` answers like a good operator over a stand-in's world; a test says only what is odd:
``slow`` seconds, ``rubbish`` texts instead of answers, ``boot`` words, replaced answers.
"""

import asyncio
import contextlib
from base64 import b64decode, b64encode
from datetime import UTC, datetime

from cryptography.x509 import ocsp as x509_ocsp
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call_result
from websockets.asyncio.server import serve

from certs import pem
from certs.edition import Edition
from certs.findings.catalogue import ENTRIES
from certs.identifiers.emaid import EMAID
from certs.profiles.rules import Role
from ev_emulator.ports import CertificateAction, CertificateQuestion, ContractQuestion, Permitted


class Csms:
    """Listens on loopback while it is entered; ``url`` is what a station is configured with."""

    def __init__(self, stand_in, *, slow=None, rubbish=None, boot=("Accepted",), answers=None):
        self.stand_in = stand_in
        self.slow = dict(slow or {})  # seconds by action
        self.rubbish = dict(rubbish or {})  # raw text by action
        self.boot = list(boot)
        self.answers = dict(answers or {})  # a response by action, instead of the good one
        self.heard = []  # (action, payload in snake case)
        self.chains = {}  # serial: chain, for hash data
        self.lines = []
        self.interval = 300
        self.subprotocols = ["ocpp2.0.1"]

    async def __aenter__(self):
        self._server = await serve(
            self._met, "127.0.0.1", getattr(self, "port", 0), subprotocols=self.subprotocols
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/ocpp"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    async def _met(self, connection):
        line = Line(self, connection)
        self.lines.append(line)
        with contextlib.suppress(Exception):
            await line.start()

    def actions(self):
        return [action for action, _ in self.heard]

    def payloads(self, action):
        return [payload for heard, payload in self.heard if heard == action]

    def knows(self, *identities):
        """Contracts that stations may name by hashes alone."""
        for identity in identities:
            self.chains[identity.certificate.serial] = identity.chain

    def chain_of(self, serial):
        """The contract's chain, also of one that the stand-in issued meanwhile."""
        issued = {each.certificate.serial: each.chain for each in self.stand_in._issued.values()}
        return {**issued, **self.chains}.get(serial, ())

    async def send(self, request):
        """Something the operator wants of the station that connected last."""
        return await self.lines[-1].call(request, suppress=False)


class Line(ChargePoint):
    """One station's connection, seen from the CSMS."""

    def __init__(self, csms, connection):
        super().__init__("station", connection)
        self.csms = csms

    async def route_message(self, raw_msg):
        # each on its own: a slow answer does not keep the next request waiting
        self._tasks = getattr(self, "_tasks", set())
        task = asyncio.ensure_future(super().route_message(raw_msg))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task):
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # a station that left is no news

    async def _handle_call(self, msg):
        action = msg.action
        if action in self.csms.rubbish:
            self.csms.heard.append((action, None))
            await self._connection.send(self.csms.rubbish[action].replace("ID", msg.unique_id))
            return
        await super()._handle_call(msg)

    async def _heard(self, action, payload, good):
        self.csms.heard.append((action, payload))
        await asyncio.sleep(self.csms.slow.get(action, 0))
        odd = self.csms.answers.get(action)
        if odd is not None:
            return odd
        return await good() if asyncio.iscoroutinefunction(good) else good()

    @on("BootNotification")
    async def boot(self, **payload):
        status = self.csms.boot.pop(0) if len(self.csms.boot) > 1 else self.csms.boot[0]
        return await self._heard(
            "BootNotification",
            payload,
            lambda: call_result.BootNotification(
                current_time=datetime.now(UTC).isoformat(),
                interval=self.csms.interval if status == "Accepted" else 1,
                status=status,
            ),
        )

    @on("Heartbeat")
    async def heartbeat(self, **payload):
        return await self._heard(
            "Heartbeat",
            payload,
            lambda: call_result.Heartbeat(current_time=datetime.now(UTC).isoformat()),
        )

    @on("StatusNotification")
    async def status(self, **payload):
        return await self._heard("StatusNotification", payload, call_result.StatusNotification)

    @on("TransactionEvent")
    async def transaction(self, **payload):
        return await self._heard("TransactionEvent", payload, call_result.TransactionEvent)

    @on("Authorize")
    async def authorize(self, id_token, certificate=None, iso15118_certificate_hash_data=None):
        payload = {
            "id_token": id_token,
            "certificate": certificate,
            "hash_data": iso15118_certificate_hash_data,
        }

        async def judge():
            if id_token["type"] != "eMAID":
                return call_result.Authorize(id_token_info={"status": "Accepted"})
            chain = ()
            if certificate is not None:
                chain = pem.parse_chain(certificate)
            elif iso15118_certificate_hash_data:
                serial = int(iso15118_certificate_hash_data[0]["serial_number"], 16)
                chain = self.csms.chain_of(serial)
            if not chain:
                return call_result.Authorize(
                    id_token_info={"status": "Invalid"}, certificate_status="CertChainError"
                )
            answer = await self.csms.stand_in.authorize(
                ContractQuestion(
                    emaid=EMAID.parse(id_token["id_token"]),
                    chain=chain,
                    path=(),
                    evse_id="",
                    edition=Edition.ISO_2,
                )
            )
            if isinstance(answer, Permitted):
                return call_result.Authorize(
                    id_token_info={"status": "Accepted"}, certificate_status="Accepted"
                )
            entry = ENTRIES[answer.findings[0].code]
            return call_result.Authorize(
                id_token_info={"status": entry.id_token_status},
                certificate_status=entry.certificate_status,
            )

        return await self._heard("Authorize", payload, judge)

    @on("Get15118EVCertificate")
    async def ev_certificate(self, iso15118_schema_version, action, exi_request):
        payload = {"schema": iso15118_schema_version, "action": action, "exi": exi_request}

        async def provide():
            exi = await self.csms.stand_in.contract_certificate(
                CertificateQuestion(
                    action=CertificateAction(action),
                    edition=Edition.ISO_2,
                    namespace=iso15118_schema_version,
                    exi=b64decode(exi_request),
                )
            )
            return call_result.Get15118EVCertificate(
                status="Accepted", exi_response=b64encode(exi).decode()
            )

        return await self._heard("Get15118EVCertificate", payload, provide)

    @on("GetCertificateStatus")
    async def certificate_status(self, ocsp_request_data):
        async def ask():
            world = self.csms.stand_in._world
            serial = int(ocsp_request_data["serial_number"], 16)
            known = {world[role].certificate.serial: world[role] for role in Role if role in world}
            identity = known.get(serial)
            if identity is None:
                return call_result.GetCertificateStatus(status="Failed")
            response = await self.csms.stand_in.certificate_status(
                identity.certificate, identity.issuer.certificate
            )
            assert x509_ocsp.load_der_ocsp_response(response)
            return call_result.GetCertificateStatus(
                status="Accepted", ocsp_result=b64encode(response).decode()
            )

        return await self._heard("GetCertificateStatus", ocsp_request_data, ask)

    @on("SignCertificate")
    async def sign(self, **payload):
        return await self._heard(
            "SignCertificate", payload, lambda: call_result.SignCertificate(status="Accepted")
        )
