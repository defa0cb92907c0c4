"""Runs one side of the peer (PyPI iso15118) inside its own environment; driven by JSON lines.

Started by tests/iso15118_peer.py as ``python iso15118_peer_driver.py evcc|secc``, with the peer's
settings in the environment. Lines out: {"event": ...} or {"ask": ...}; lines in: commands, and
answers to what was asked. It imports nothing of ours.
"""

import asyncio
import base64
import itertools
import json
import os
import sys
import threading
import time
from pathlib import Path

# The peer logs to standard output: keep the real one for our lines.
OUT = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from iso15118.shared import comm_session  # noqa: E402
from iso15118.shared.exificient_exi_codec import ExificientEXICodec  # noqa: E402

COMMANDS: "asyncio.Queue[dict]" = asyncio.Queue()
ANSWERS: "asyncio.Queue[dict]" = asyncio.Queue()


def tell(**what):
    OUT.write(json.dumps(what) + "\n")


def listen(loop):
    """Lines of standard input, into their queues."""

    def read():
        for text in sys.stdin:
            line = json.loads(text)
            loop.call_soon_threadsafe((ANSWERS if "answer" in line else COMMANDS).put_nowait, line)
        loop.call_soon_threadsafe(COMMANDS.put_nowait, {"quit": True})

    threading.Thread(target=read, daemon=True).start()


async def ask(**question):
    tell(ask=question)
    return (await ANSWERS.get())["answer"]


def warm_up(codec):
    """Every message once: a cold Java machine needs half a second for the first of a kind."""
    for data, namespace in json.loads(os.environ["PEER_WARM_UP"]):
        try:
            codec.encode(codec.decode(bytes.fromhex(data), namespace), namespace)
        except Exception as error:  # noqa: BLE001 - the peer's codec has faults of its own
            print("warm-up:", error, file=sys.stderr)


def report_stops():
    """Tell how each session ended, without the peer's five seconds of waiting."""
    ended = asyncio.Event()

    started = {}
    begin = comm_session.V2GCommunicationSession.start

    async def start(self, seconds):
        started[id(self)] = time.monotonic()
        await begin(self, seconds)

    async def stop(self, reason):
        seconds = time.monotonic() - started.pop(id(self), time.monotonic())
        known = self.comm_session.stop_reason
        good = bool(known.successful) if known is not None else False
        tell(
            event="ended",
            good=good,
            reason=reason,
            state=str(self.current_state),
            seconds=seconds,
        )
        if hasattr(self.comm_session, "evse_controller"):
            controller = self.comm_session.evse_controller
            await controller.session_ended(str(self.current_state), reason)
        self.writer.close()
        ended.set()

    comm_session.V2GCommunicationSession.start = start
    comm_session.V2GCommunicationSession.stop = stop
    return ended


def keep(path, octets):
    Path(path).write_bytes(octets)


async def evcc(codec):
    from iso15118.evcc import Config, EVCCHandler
    from iso15118.evcc.controller.simulator import SimEVController
    from iso15118.evcc.evcc_config import EVCCConfig
    from iso15118.shared.security import CertPath, KeyPasswordPath, KeyPath

    class Vehicle(SimEVController):
        async def store_contract_cert_and_priv_key(self, contract_cert, priv_key):
            """Keep what was installed, if the key belongs to the certificate."""
            key = ec.derive_private_key(int.from_bytes(priv_key, "big"), ec.SECP256R1())
            leaf = x509.load_der_x509_certificate(contract_cert)
            fits = key.public_key() == leaf.public_key()
            tell(event="stored", fits=fits, certificate=contract_cert.hex())
            if not fits:
                raise ValueError("the received key does not belong to the contract certificate")
            octets = key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
            keep(CertPath.CONTRACT_LEAF_DER, contract_cert)
            keep(KeyPath.CONTRACT_LEAF_PEM, octets)
            keep(KeyPasswordPath.CONTRACT_LEAF_KEY_PASSWORD, b"")

    config = Config()
    config.load_envs()
    ended = report_stops()
    tell(event="ready")
    while "visit" in (command := await COMMANDS.get()):
        ended.clear()
        wants = EVCCConfig(**command["visit"])
        wants.load_raw_values()
        handler = EVCCHandler(
            evcc_config=wants, iface=config.iface, exi_codec=codec, ev_controller=Vehicle(wants)
        )
        visit = asyncio.create_task(handler.start())
        waiting = asyncio.create_task(ended.wait())
        await asyncio.wait(
            {visit, waiting}, timeout=command["seconds"], return_when="FIRST_COMPLETED"
        )
        if not ended.is_set():
            tell(event="ended", good=False, reason="no session", state="")
        for task in (visit, waiting):
            task.cancel()
        await asyncio.gather(visit, waiting, return_exceptions=True)


async def secc(codec):
    import iso15118.secc.states.iso15118_2_states as states
    from iso15118.secc import SECCHandler
    from iso15118.secc.controller.interface import AuthorizationResponse, ServiceStatus
    from iso15118.secc.controller.simulator import SimEVSEController
    from iso15118.secc.secc_settings import Config
    from iso15118.shared.messages.enums import AuthorizationStatus
    from iso15118.shared.messages.iso15118_2.datatypes import MeterInfo, ResponseCode

    refused = AuthorizationResponse(AuthorizationStatus.REJECTED, ResponseCode.FAILED)

    class Charger(SimEVSEController):
        answer = refused

        async def get_15118_ev_certificate(self, base64_encoded_cert_installation_req, _namespace):
            exi = base64.b64decode(base64_encoded_cert_installation_req).hex()
            return base64.b64encode(bytes.fromhex(await ask(install=exi))).decode()

        async def is_authorized(self, id_token=None, certificate_chain=None, **_others):
            if certificate_chain is None:  # the second call
                return self.answer
            word = await ask(authorize=id_token, chain=certificate_chain.decode())
            code = ResponseCode(word)
            status = AuthorizationStatus.ACCEPTED if word == "OK" else AuthorizationStatus.REJECTED
            self.answer = AuthorizationResponse(status, code)
            return self.answer

        async def send_charging_command(self, voltage, *others, **more):
            # the simulated outlet has one volt, whatever it is asked for
            await super().send_charging_command(voltage, *others, **more)
            self.evse_data_context.present_voltage = int(voltage)

    def with_receipt(message, *, every):
        turns = itertools.count(1)

        def build(**fields):
            if next(turns) % every == 0:
                fields |= {
                    "receipt_required": True,
                    "meter_info": MeterInfo(
                        meter_id="METER-0001", meter_reading=12345, t_meter=int(time.time())
                    ),
                }
            return message(**fields)

        return build

    every = int(os.environ.get("PEER_RECEIPT_EVERY", "2"))
    if every:
        states.ChargingStatusRes = with_receipt(states.ChargingStatusRes, every=every)
    config = Config()
    config.load_envs()
    report_stops()
    charger = Charger()
    await charger.set_status(ServiceStatus.STARTING)
    handler = SECCHandler(exi_codec=codec, evse_controller=charger, config=config)
    serving = asyncio.create_task(handler.start(config.iface))
    await asyncio.sleep(0.5)  # the servers start
    tell(event="ready")
    while "set" in (command := await COMMANDS.get()):
        for name, value in command["set"].items():
            setattr(config, name, value)
    serving.cancel()


async def main():
    listen(asyncio.get_running_loop())
    codec = ExificientEXICodec()
    warm_up(codec)
    await {"evcc": evcc, "secc": secc}[sys.argv[1]](codec)


asyncio.run(main())
