"""What a chain is presented for, and what in it says so."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from certs.edition import Edition
from certs.findings.catalogue import found
from certs.findings.finding import Finding


class Use(Enum):
    """What an end entity's certificate is presented for."""

    # Enum hashes names in Python; members are single objects, and keys of every hot table
    __hash__ = object.__hash__

    CONTRACT = "contract"
    SECC = "secc"
    OEM_PROVISIONING = "oem_provisioning"
    CPS = "cps"
    VEHICLE = "vehicle"
    CHARGING_STATION = "charging_station"  # a TLS client: OCPP's security profile 3


class Purpose(Enum):
    """What a root is trusted for. A trust anchor without a purpose does not exist here."""

    V2G = "v2g"  # operators and provisioning services; MO and OEM sub-CAs where they stand below it
    MO = "mo"  # contracts
    OEM = "oem"  # vehicles
    CSMS = "csms"  # charging stations, to their operator's central system alone


USES: Mapping[Purpose, frozenset[Use]] = MappingProxyType(
    {
        # MO and OEM sub-CAs may stand under a V2G root: Hubject's all do.
        Purpose.V2G: frozenset(Use),
        Purpose.MO: frozenset({Use.CONTRACT}),
        Purpose.OEM: frozenset({Use.OEM_PROVISIONING, Use.VEHICLE}),
        Purpose.CSMS: frozenset({Use.CHARGING_STATION}),
    }
)

# The domain component a leaf of each use bears. One SECC needs two leaves, because the editions
# differ (EVerest/EVerest PR #2683).
LEAF_DOMAIN_COMPONENTS: Mapping[Edition, Mapping[Use, str]] = MappingProxyType(
    {
        Edition.ISO_2: MappingProxyType(
            {
                Use.CONTRACT: "MO",
                Use.SECC: "CPO",
                Use.OEM_PROVISIONING: "OEM",
                Use.CPS: "CPS",
                Use.CHARGING_STATION: "CPO",
            }
        ),
        Edition.ISO_20: MappingProxyType(
            {
                Use.CONTRACT: "MO",
                Use.SECC: "CSO",
                Use.OEM_PROVISIONING: "OEM",
                Use.CPS: "CPS",
                Use.VEHICLE: "OEM",
                Use.CHARGING_STATION: "CSO",
            }
        ),
    }
)
# The uses that a domain component of a sub-CA speaks for. DC=V2G is the operators' own by the
# -2 profile and is borne by others' sub-CAs too, so it speaks for none (certificates of G1.1).
_SUB_CA_DOMAIN_COMPONENTS: Mapping[str, frozenset[Use]] = MappingProxyType(
    {
        "MO": frozenset({Use.CONTRACT}),
        "CPO": frozenset({Use.SECC, Use.CHARGING_STATION}),
        "CSO": frozenset({Use.SECC, Use.CHARGING_STATION}),
        "OEM": frozenset({Use.OEM_PROVISIONING, Use.VEHICLE}),
        "CPS": frozenset({Use.CPS}),
    }
)
_ROLE_WORDS = frozenset(_SUB_CA_DOMAIN_COMPONENTS)


def of_authorities(
    use: Use,
    *,
    purpose: Purpose,
    recorded: tuple[Use | None, ...],
    domain_components: tuple[tuple[str, ...], ...],
) -> tuple[Finding, ...]:
    """Whether root and sub-CAs establish that a chain is one for ``use``.

    ``recorded`` and ``domain_components`` go from the leaf's issuer to the root's first sub-CA:
    what the anchor's owner recorded of each, and what its subject says. Records win over text.
    """
    if use not in USES[purpose]:
        return (
            found(
                "chain.role_confused",
                where="root",
                detail=f"a {purpose.value} root, for {use.value}",
            ),
        )
    established = purpose is not Purpose.V2G
    for record, words in zip(recorded, domain_components, strict=True):
        if record is not None:
            if record is not use:
                detail = f"a sub-CA recorded for {record.value}, presented for {use.value}"
                return (found("chain.role_confused", where="chain", detail=detail),)
            established = True
            continue
        for word in words:
            spoken = _SUB_CA_DOMAIN_COMPONENTS.get(word.upper())
            if spoken is None:
                continue
            if use not in spoken:
                detail = f"a sub-CA with DC={word}, presented for {use.value}"
                return (found("chain.role_confused", where="chain", detail=detail),)
            established = True
    # [V2G2] profiles give operators' sub-CAs DC=V2G: for an SECC that is the role's own word,
    # and its leaf must still say CPO or CSO.
    if not established and use in {Use.SECC, Use.CHARGING_STATION}:
        established = all("V2G" in (w.upper() for w in words) for words in domain_components)
    return () if established else (found("chain.role_unknown", where="chain"),)


def of_leaf(use: Use, edition: Edition, domain_components: tuple[str, ...]) -> str:
    """What a leaf's own text adds: the code of a contradiction or a gap, or nothing."""
    if not domain_components:
        return "chain.domain_component_missing"
    wanted = LEAF_DOMAIN_COMPONENTS[edition].get(use)
    words = {word.upper() for word in domain_components}
    if wanted in words:
        return "" if not (words - {wanted}) & _ROLE_WORDS else "chain.role_confused"
    return "chain.role_confused" if words & _ROLE_WORDS else "chain.domain_component_missing"
