"""One connection of a charging station to its CSMS: requests out, the operator's requests in."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from ocpp.exceptions import (  # type: ignore[import-untyped]  # ocpp ships no types
    OCPPError,
    UnknownCallErrorCodeError,
)
from ocpp.v201 import ChargePoint, call_result  # type: ignore[import-untyped]  # as above
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from certs.revocation.hash_data import HashAlgorithm
from ev_emulator.backend.ocpp.certificates import CertificateStore
from ev_emulator.errors import Unavailable

ANSWERS_WAITING_MAX = 64  # answers nobody waits for any more; a CSMS that sends more is broken

# ocpp logs whole messages, eMAIDs and chains among them: nothing of it leaves the process.
_SILENT = logging.Logger("ev_emulator.ocpp", level=logging.CRITICAL + 1)  # noqa: LOG001 - not in the tree on purpose

Handler = Callable[..., object]


class Station(ChargePoint):  # type: ignore[misc]  # ocpp ships no types: its class is Any
    """Speaks OCPP 2.0.1 over one WebSocket; answers what the operator asks of certificates."""

    def __init__(
        self,
        name: str,
        connection: ClientConnection,
        store: CertificateStore,
        *,
        now: Callable[[], datetime],
        listed_with: HashAlgorithm = HashAlgorithm.SHA256,
    ) -> None:
        super().__init__(name, connection, response_timeout=3600, logger=_SILENT)
        self._response_queue: asyncio.Queue[object] = asyncio.Queue(ANSWERS_WAITING_MAX)
        self._store = store
        self._now = now
        self._listed_with = listed_with
        self._gone = asyncio.Event()
        # A table instead of ocpp's decorators: what a station answers, and with what.
        self.route_map: Mapping[str, Mapping[str, object]] = {
            action: {"_on_action": handler, "_skip_schema_validation": False}
            for action, handler in self._handlers().items()
        }

    def _handlers(self) -> Mapping[str, Handler]:
        return {
            "InstallCertificate": self._install,
            "GetInstalledCertificateIds": self._list,
            "DeleteCertificate": self._delete,
            "CertificateSigned": self._signed,
        }

    async def serve(self) -> None:
        """Read until the connection is gone; raises nothing."""
        try:
            await self.start()
        except (WebSocketException, OSError, asyncio.QueueFull):
            pass
        except Exception:  # noqa: BLE001, S110 - the edge: whatever a CSMS sends ends its connection, no more
            pass
        finally:
            self._gone.set()
            with suppress(WebSocketException, OSError):
                await self._connection.close()

    async def ask(self, request: object, *, within_seconds: float) -> Any:  # noqa: ANN401 - ocpp ships no types
        """The response to a request, valid by OCPP's schema; Unavailable("csms") otherwise.

        OCPP allows one request at a time: the wait includes that for earlier ones.
        """
        asked = asyncio.ensure_future(self.call(request, suppress=False))
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait(
                {asked, gone}, timeout=within_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if not asked.done():
                why = "connection lost" if gone.done() else f"no answer within {within_seconds} s"
                raise Unavailable("csms", f"{type(request).__name__}: {why}")
            return asked.result()
        except (OCPPError, UnknownCallErrorCodeError) as refused:
            said = f"{type(request).__name__}: {type(refused).__name__}"
            raise Unavailable("csms", said) from refused
        except (WebSocketException, OSError) as lost:
            raise Unavailable("csms", f"{type(request).__name__}: connection lost") from lost
        finally:
            for each in (asked, gone):
                each.cancel()
            await asyncio.gather(asked, gone, return_exceptions=True)

    # What the operator asks

    def _install(self, *, certificate_type: str, certificate: str, **_: object) -> object:
        return call_result.InstallCertificate(
            status=self._store.install(certificate_type, certificate)
        )

    def _list(self, *, certificate_type: list[str] | None = None, **_: object) -> object:
        listed = self._store.installed(certificate_type, algorithm=self._listed_with)
        # OCPP has no empty list: NotFound instead (M03.FR.02)
        return call_result.GetInstalledCertificateIds(
            status="Accepted" if listed else "NotFound",
            certificate_hash_data_chain=listed or None,
        )

    def _delete(self, *, certificate_hash_data: dict[str, object], **_: object) -> object:
        fields = {
            name: certificate_hash_data.get(given)
            for name, given in (
                ("hashAlgorithm", "hash_algorithm"),
                ("issuerNameHash", "issuer_name_hash"),
                ("issuerKeyHash", "issuer_key_hash"),
                ("serialNumber", "serial_number"),
            )
        }
        return call_result.DeleteCertificate(status=self._store.delete(fields))

    def _signed(
        self, *, certificate_chain: str, certificate_type: str = "V2GCertificate", **_: object
    ) -> object:
        status = "Rejected"  # this station has no ChargingStationCertificate
        if certificate_type == "V2GCertificate":
            status = self._store.signed(certificate_chain, now=self._now())
        return call_result.CertificateSigned(status=status)
