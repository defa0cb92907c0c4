"""ISO 15118-2 as a state table, with its timeouts.

Sources: the standard's message sequences as EVerest's EvseV2G and Josev walk them; timeouts as in
Josev's code.
"""

from collections.abc import Mapping
from types import MappingProxyType

from certs.edition import Edition
from ev_emulator.session.states import ENDED, PAUSED, Rulebook, Table
from exi.protocol import Protocol

_STOP: Mapping[str, str] = {"terminate": ENDED, "pause": PAUSED}
# What ends a session in good order wherever no power flows (EvseV2G takes it everywhere).
_STOPPABLE: Mapping[str, Mapping[str, str]] = {"SessionStopReq": {"terminate": ENDED}}


def _authorization(state: str, pending: str) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """The first request of a way to authorize, and those that repeat it."""
    outcomes = {"ongoing": pending, "finished": "charge_parameters"}
    return {
        state: {"AuthorizationReq": outcomes, **_STOPPABLE},
        pending: {"AuthorizationReq": outcomes, **_STOPPABLE},
    }


_CERTIFICATE = {
    "CertificateInstallationReq": {"ok": "contract_installed"},
    "CertificateUpdateReq": {"ok": "contract_installed"},
}
_DETAILS = {"PaymentDetailsReq": {"ok": "contract_challenged"}}

TABLE: Table = MappingProxyType(
    {
        "session_setup": {"SessionSetupReq": {"ok": "service_discovery"}},
        "service_discovery": {
            "ServiceDiscoveryReq": {"ok": "service_selection"},
            **_STOPPABLE,
        },
        "service_selection": {
            "ServiceDetailReq": {"ok": "service_selection"},
            "PaymentServiceSelectionReq": {
                "contract": "contract_selected",
                "external": "external_selected",
            },
            **_STOPPABLE,
        },
        "contract_selected": {**_CERTIFICATE, **_DETAILS, **_STOPPABLE},
        "contract_installed": {**_DETAILS, **_STOPPABLE},
        # [V2G2-684]: the first request is signed, those that repeat it are not.
        **_authorization("contract_challenged", "contract_pending"),
        **_authorization("external_selected", "external_pending"),
        "charge_parameters": {
            "ChargeParameterDiscoveryReq": {
                "ongoing": "charge_parameters",
                "ac": "ac_ready",
                "dc": "cable_check",
            },
            **_STOPPABLE,
        },
        # AC
        "ac_ready": {
            "PowerDeliveryReq": {
                "start": "ac_charging",
                "stop": "ac_stopped",
                "renegotiate": "renegotiation",
            },
            **_STOPPABLE,
        },
        "ac_charging": {
            "ChargingStatusReq": {"ok": "ac_charging", "receipt": "ac_receipt"},
            "PowerDeliveryReq": {"stop": "ac_stopped", "renegotiate": "renegotiation"},
        },
        "ac_receipt": {"MeteringReceiptReq": {"ok": "ac_charging"}},
        "ac_stopped": {"SessionStopReq": _STOP},
        # DC
        "cable_check": {
            "CableCheckReq": {"ongoing": "cable_check", "finished": "pre_charge"},
            **_STOPPABLE,
        },
        "pre_charge": {"PreChargeReq": {"ok": "pre_charging"}, **_STOPPABLE},
        "pre_charging": {
            "PreChargeReq": {"ok": "pre_charging"},
            "PowerDeliveryReq": {
                "start": "dc_charging",
                "stop": "dc_stopped",
                "renegotiate": "renegotiation",
            },
            **_STOPPABLE,
        },
        "dc_charging": {
            "CurrentDemandReq": {"ok": "dc_charging", "receipt": "dc_receipt"},
            "PowerDeliveryReq": {"stop": "dc_stopped", "renegotiate": "renegotiation"},
        },
        "dc_receipt": {"MeteringReceiptReq": {"ok": "dc_charging"}},
        "dc_ready": {
            "PowerDeliveryReq": {"start": "dc_charging", "stop": "dc_stopped"},
            **_STOPPABLE,
        },
        "dc_stopped": {
            "WeldingDetectionReq": {"ok": "dc_stopped"},
            "SessionStopReq": _STOP,
        },
        # both
        "renegotiation": {
            "ChargeParameterDiscoveryReq": {
                "ongoing": "renegotiation",
                "ac": "ac_ready",
                "dc": "dc_ready",
            },
            **_STOPPABLE,
        },
    }
)

_TWO_SECONDS = (
    "SessionSetupReq",
    "ServiceDiscoveryReq",
    "PaymentServiceSelectionReq",
    "AuthorizationReq",
    "ChargeParameterDiscoveryReq",
    "ChargingStatusReq",
    "MeteringReceiptReq",
    "CableCheckReq",
    "PreChargeReq",
    "WeldingDetectionReq",
    "SessionStopReq",
)
_FIVE_SECONDS = (
    "ServiceDetailReq",
    "PaymentDetailsReq",
    "CertificateInstallationReq",
    "CertificateUpdateReq",
    "PowerDeliveryReq",
)
_RESPONSE_SECONDS = (
    dict.fromkeys(_TWO_SECONDS, 2.0)
    | dict.fromkeys(_FIVE_SECONDS, 5.0)
    | {"CurrentDemandReq": 0.25}
)

RULEBOOK = Rulebook(
    edition=Edition.ISO_2,
    namespace=Protocol.ISO_2.value,
    version=(2, 0),
    first="session_setup",
    table=TABLE,
    responses=MappingProxyType(
        {request: request.removesuffix("Req") + "Res" for request in _RESPONSE_SECONDS}
    ),
    payload_types=MappingProxyType({}),
    response_seconds=MappingProxyType(_RESPONSE_SECONDS),
    dwell_seconds=MappingProxyType(
        {
            # V2G_EVCC_Ongoing_Timeout
            "contract_pending": 60.0,
            "external_pending": 60.0,
            "charge_parameters": 60.0,
            "renegotiation": 60.0,
            "cable_check": 40.0,
            "pre_charging": 7.0,
        }
    ),
    sequence_seconds=60.0,
)
