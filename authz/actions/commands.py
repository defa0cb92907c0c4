"""What is asked of stations: install, list and delete certificates, in every version."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from authz.actions.asked import Payload, encoded
from authz.actions.catalogue import VENDOR_ID
from authz.actions.data_transfer import FORMS
from authz.errors import Unavailable
from authz.ocpp.protocol import (
    CallFailed,
    CallRefused,
    NotConnected,
    OcppVersion,
    Station,
)
from authz.ocpp.schemas import MessageKind, validate
from authz.ports import StationCommands
from authz.station_command import StationCommand
from authz.station_ports import Fleet
from certs import pem
from certs.certificate import Certificate
from certs.errors import Malformed, Refused
from certs.extensions import KeyUsage
from certs.revocation import hash_data, signatures
from certs.revocation.hash_data import OCPP_ALGORITHMS

CALL_SECONDS = 30.0  # a station writes to flash
LISTS_LOOKED_AT = 16  # the station's latest lists, in which its own hash data are looked for

INSTALL, LIST, DELETE = "InstallCertificate", "GetInstalledCertificateIds", "DeleteCertificate"

# OCPP 2.0.1 and 2.1 M05: certificate, in PEM
CERTIFICATE_CHARACTERS_MAX: Mapping[OcppVersion, int] = MappingProxyType(
    {OcppVersion.V16: 5_500, OcppVersion.V201: 5_500, OcppVersion.V21: 10_000}
)


class CertificateCommands:
    """Commands to connected stations, each kept with its answer.

    Raises NotConnected; CallRefused for what the station's version does not have; CallFailed for
    its CALLERROR; Unavailable for silence. A station that says Rejected or Failed has answered.
    """

    def __init__(
        self, *, stations: Fleet, record: StationCommands, clock: Callable[[], datetime]
    ) -> None:
        self._stations = stations
        self._record = record
        self._clock = clock

    async def install(
        self, tenant: str, identity: str, *, certificate_type: str, certificate: str
    ) -> Payload:
        """InstallCertificate (M05), of a root that is one: Refused otherwise."""
        station = await self._station(tenant, identity)
        text = pem.encode([_root(certificate, now=self._clock())])
        most = CERTIFICATE_CHARACTERS_MAX[station.version]
        if len(text) > most:
            raise Refused("certificate.too_large", f"{len(text)} characters, at most {most}")
        return await self._call(
            station, INSTALL, {"certificateType": certificate_type, "certificate": text}
        )

    async def installed(self, tenant: str, identity: str, *, types: Sequence[str]) -> Payload:
        """GetInstalledCertificateIds (M03); of all types where none is named."""
        station = await self._station(tenant, identity)
        return await self._call(station, LIST, {"certificateType": list(types)} if types else {})

    async def delete(self, tenant: str, identity: str, *, named: Mapping[str, str]) -> Payload:
        """DeleteCertificate (M04) by hash data.

        Where the station has listed this certificate, its own spelling is repeated (M04.FR.07).
        """
        station = await self._station(tenant, identity)
        own = await self._spelled(station, lambda entry: _same(entry, named))
        return await self._call(station, DELETE, {"certificateHashData": own or dict(named)})

    async def delete_certificate(self, tenant: str, identity: str, *, certificate: str) -> Payload:
        """DeleteCertificate (M04) of a root that the station has listed, by whichever hash it used.

        Refused("station.certificate_not_listed") where it has not.
        """
        station = await self._station(tenant, identity)
        root = _only(certificate)
        wanted = [
            hash_data.to_ocpp(hash_data.of(root, root, algorithm, responder_url=""))
            for algorithm in OCPP_ALGORITHMS.values()
        ]
        own = await self._spelled(station, lambda entry: any(_same(entry, one) for one in wanted))
        if own is None:
            raise Refused("station.certificate_not_listed", "list the certificates first")
        return await self._call(station, DELETE, {"certificateHashData": own})

    async def _station(self, tenant: str, identity: str) -> Station:
        station = await self._stations.find(tenant, identity)
        if station is None:
            raise NotConnected
        return station

    async def _spelled(
        self, station: Station, matches: Callable[[Payload], bool]
    ) -> Payload | None:
        """Hash data as the station itself has spelled them; None where it listed none such."""
        lists = await self._record.latest(
            station.tenant, station.identity, action=LIST, limit=LISTS_LOOKED_AT
        )
        for command in lists:
            chains = (command.answer or {}).get("certificateHashDataChain", ())
            for chain in chains:
                for entry in (
                    chain["certificateHashData"],
                    *chain.get("childCertificateHashData", ()),
                ):
                    if matches(entry):
                        return dict(entry)
        return None

    async def _call(self, station: Station, action: str, payload: Payload) -> Payload:
        old = station.version is OcppVersion.V16
        validate(FORMS if old else station.version, action, MessageKind.REQUEST, encoded(payload))
        answer, failure = None, None
        try:
            told = await (self._wrapped if old else self._plain)(station, action, payload)
            answer = told
        except (CallFailed, CallRefused, Unavailable) as failed:
            failure = type(failed).__name__
            raise
        finally:
            if answer is not None or failure is not None:
                await self._record.keep(
                    StationCommand(
                        tenant=station.tenant,
                        identity=station.identity,
                        action=action,
                        asked=payload,
                        asked_at=self._clock(),
                        answer=answer,
                        failure=failure,
                    )
                )
        return told

    async def _plain(self, station: Station, action: str, payload: Payload) -> Payload:
        octets = await self._stations.call(
            station.tenant, station.identity, action, encoded(payload), timeout_seconds=CALL_SECONDS
        )
        told: Payload = json.loads(octets)
        return told

    async def _wrapped(self, station: Station, action: str, payload: Payload) -> Payload:
        """The same in a DataTransfer of 1.6; CallFailed where the station does not take part."""
        told = await self._plain(
            station,
            "DataTransfer",
            {"vendorId": VENDOR_ID, "messageId": action, "data": encoded(payload).decode()},
        )
        if told["status"] != "Accepted" or "data" not in told:
            raise CallFailed(str(told["status"]))
        data = told["data"].encode("utf-8", "surrogatepass")
        try:
            validate(FORMS, action, MessageKind.RESPONSE, data)
        except CallRefused as broken:
            raise CallFailed(broken.code.value, "data that break their schema") from broken
        answer: Payload = json.loads(data)
        return answer


def _root(text: str, *, now: datetime) -> Certificate:
    """The one root in a PEM text that a station may trust; Refused for what is none.

    EVerest#2109: a certificate that was no root was accepted, and could not be managed later.
    """
    certificate = _only(text)
    constraints = certificate.basic_constraints
    if constraints is None or not constraints.ca:
        raise Refused("certificate.no_authority", "not the certificate of an authority")
    if not (certificate.key_usage or KeyUsage(0)) & KeyUsage.KEY_CERT_SIGN:
        raise Refused("certificate.no_authority", "its key does not sign certificates")
    if certificate.issuer != certificate.subject or not _signed_by_itself(certificate):
        raise Refused("certificate.no_root", "not signed with its own key")
    if not certificate.not_before <= now <= certificate.not_after:
        raise Refused("certificate.not_valid_now", certificate.not_after.isoformat())
    return certificate


def _only(text: str) -> Certificate:
    certificate, *more = pem.parse_chain(text)
    if more:
        raise Refused("certificate.not_one", "one certificate at a time")
    return certificate


def _signed_by_itself(certificate: Certificate) -> bool:
    try:
        return signatures.signed_by(
            certificate,
            algorithm=certificate.signature_algorithm,
            signature=certificate.signature,
            data=certificate.tbs,
        )
    except Malformed:
        return False


def _same(entry: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two hash data name one certificate: letter case and leading zeroes apart."""
    fields = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash")
    return all(entry[name].lower() == other[name].lower() for name in fields) and (
        entry["serialNumber"].lower().lstrip("0") == other["serialNumber"].lower().lstrip("0")
    )
