"""Every story there is."""

from collections.abc import Mapping
from types import MappingProxyType

from ev_emulator.charger.offer import Payment as Offered
from ev_emulator.scenarios.scenario import (
    Carries,
    End,
    Manner,
    Operator,
    Scenario,
    Visit,
    refused,
)
from ev_emulator.vehicle.intentions import Installation, Intentions, Payment
from exi.iso2.simple_types import EnergyTransferModeType

_AS_IT_IS = Intentions(installation=Installation.NEVER)
_DIRECTLY = Intentions(loops=1)
_HOUR = 3600.0


def _no(charger: str, response_code: str) -> tuple[Visit, ...]:
    """One visit with the contract that is there, and a refusal."""
    return (Visit(end=refused(charger, response_code), intentions=_AS_IT_IS),)


SCENARIOS = (
    # what should work
    Scenario(
        name="happy-path",
        title="Plug & Charge with a contract, AC, three rounds, a signed tariff",
        tariffs=True,
    ),
    Scenario(
        name="dc",
        title="Plug & Charge with a contract, DC",
        visits=(Visit(intentions=Intentions(mode=EnergyTransferModeType.DC_extended)),),
    ),
    Scenario(
        name="first-installation",
        title="no contract yet: the vehicle installs one, then charges with it",
        carries=Carries.NOTHING,
        visits=(Visit(end=End(authorized=True, installed=True)), Visit()),
    ),
    Scenario(
        name="update",
        title="the contract is exchanged for its successor",
        visits=(
            Visit(
                end=End(authorized=True, installed=True),
                intentions=Intentions(installation=Installation.UPDATE),
            ),
        ),
    ),
    Scenario(
        name="receipts",
        title="the charger asks for signed metering receipts, and gets them",
        receipt_every=2,
        visits=(Visit(end=End(authorized=True, receipts=2), intentions=Intentions(loops=4)),),
    ),
    Scenario(
        name="pause",
        title="the vehicle pauses, comes back and joins its session",
        visits=(
            Visit(end=End(authorized=True, paused=True), intentions=Intentions(pause=True)),
            Visit(),
        ),
    ),
    Scenario(
        name="external",
        title="no Plug & Charge: paid at the charger",
        carries=Carries.NOTHING,
        visits=(
            Visit(
                intentions=Intentions(payment=Payment.EXTERNAL, installation=Installation.NEVER),
            ),
        ),
    ),
    # the contract is not good
    Scenario(
        name="expired",
        title="the contract certificate has expired",
        carries=Carries.EXPIRED,
        visits=_no("chain.expired", "FAILED_CertificateExpired"),
        ids=("X16",),
    ),
    Scenario(
        name="not-yet-valid",
        title="the contract certificate is not valid yet",
        carries=Carries.NOT_YET_VALID,
        visits=_no("chain.not_yet_valid", "FAILED_CertificateExpired"),
        ids=("X16",),
    ),
    Scenario(
        name="revoked",
        title="the contract certificate was revoked",
        operator=Operator.REVOKED,
        visits=_no("revocation.revoked", "FAILED_CertificateRevoked"),
        ids=("X28",),
    ),
    Scenario(
        name="suspended",
        title="the contract is suspended",
        operator=Operator.SUSPENDED,
        visits=_no("contract.suspended", "FAILED"),
    ),
    Scenario(
        name="foreign-root",
        title="the contract is of a mobility operator that nobody here trusts",
        carries=Carries.FOREIGN,
        visits=_no("chain.anchor_unknown", "FAILED_NoCertificateAvailable"),
        ids=("X31",),
    ),
    Scenario(
        name="emaid-of-another",
        title="a good contract, presented with another's eMAID",
        carries=Carries.OF_ANOTHER,
        visits=_no("identity.emaid_mismatch", "FAILED_CertChainError"),
        ids=("X11",),
    ),
    Scenario(
        name="nothing-to-pay-with",
        title="no contract, and the vehicle does not ask for one",
        carries=Carries.NOTHING,
        visits=(
            Visit(
                end=End(vehicle="payment.no_contract", charger="session.closed"),
                intentions=_AS_IT_IS,
            ),
        ),
    ),
    # the vehicle is not honest
    Scenario(
        name="replayed-challenge",
        title="a recorded AuthorizationReq is sent again in another session",
        visits=(
            Visit(intentions=_DIRECTLY),
            Visit(
                end=refused("challenge.mismatch", "FAILED_ChallengeInvalid"),
                manner=Manner.REPLAYS,
            ),
        ),
        ids=("K09", "K10"),
    ),
    Scenario(
        name="foreign-challenge",
        title="a challenge that another charger gave is answered here",
        visits=(
            Visit(
                end=refused("challenge.mismatch", "FAILED_ChallengeInvalid"),
                manner=Manner.FOREIGN_CHALLENGE,
            ),
        ),
        ids=("K11",),
    ),
    Scenario(
        name="signature-wrapping",
        title="a good signature is shown beside an element that it does not sign",
        visits=(
            Visit(end=refused("signature.invalid", "FAILED_SignatureError"), manner=Manner.WRAPS),
        ),
        ids=("K08", "K12"),
    ),
    Scenario(
        name="sequence-break",
        title="the vehicle skips its authorization",
        visits=(
            Visit(
                end=End(
                    vehicle="session.response_unexpected",
                    charger="session.sequence",
                ),
                manner=Manner.SKIPS,
            ),
            Visit(intentions=_DIRECTLY),  # and the charger serves the next one
        ),
        ids=("V21",),
    ),
    Scenario(
        name="hijacked-session",
        title="a request names another session than its connection's",
        visits=(
            Visit(end=refused("session.unknown", "FAILED_UnknownSession"), manner=Manner.HIJACKS),
            Visit(intentions=_DIRECTLY),
        ),
    ),
    # the charger is not believed
    Scenario(
        name="staple-missing",
        title="the charger shows no OCSP response, and the vehicle wants one",
        operator=Operator.NO_STAPLE,
        visits=(Visit(end=End(vehicle="link.staple_missing", charger="session.closed")),),
    ),
    Scenario(
        name="staple-stale",
        title="the charger's OCSP response is past its time by the vehicle's clock",
        visits=(
            Visit(
                end=End(vehicle="revocation.ocsp_stale", charger="session.closed"),
                ahead_seconds=2 * _HOUR,
            ),
        ),
        ids=("O07",),
    ),
    # the operator
    Scenario(
        name="backend-slow",
        title="the operator takes 1.5 s: the vehicle is kept waiting, then charges",
        operator=Operator.SLOW,
    ),
    Scenario(
        name="installation-late",
        title="the operator needs over 4.5 s for a contract: the vehicle is told in time",
        carries=Carries.NOTHING,
        operator=Operator.SLOW_TO_INSTALL,
        visits=(Visit(end=refused("installation.unavailable", "FAILED_NoCertificateAvailable")),),
    ),
    Scenario(
        name="backend-down",
        title="the operator cannot be reached: no charging, and no waiting either",
        operator=Operator.DOWN,
        visits=(Visit(end=refused("backend.unavailable", "FAILED")),),
    ),
    Scenario(
        name="contract-only",
        title="the charger takes contracts only, and the vehicle wants to pay otherwise",
        payments=(Offered.CONTRACT,),
        visits=(
            Visit(
                end=End(vehicle="payment.external_not_offered", charger="session.closed"),
                intentions=Intentions(payment=Payment.EXTERNAL),
            ),
        ),
    ),
)

BY_NAME: Mapping[str, Scenario] = MappingProxyType({each.name: each for each in SCENARIOS})
