"""The catalogue's identity codes."""

from certs.findings.finding import Entry, Severity

# An identity that is not proven is a chain that cannot be verified for this contract:
# CertChainError and Invalid (OCPP 2.0.1 C07.FR.17), FAILED_CertChainError in -2 (EVerest's
# EvseV2G answers an eMAID that differs from the common name so). The -20 word follows the names of
# its codes and is not confirmed by a published text.
_CHAIN_ERROR = "CertChainError"
_INVALID = "Invalid"
_ISO_2 = "FAILED_CertChainError"
_ISO_20 = "WARNING_CertificateValidationError"

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="identity.common_name_missing",
        severity=Severity.ERROR,
        title="The certificate's subject has no common name, so it names nobody",
        citation="ISO 15118-2 Annex F: the common name of a contract certificate is the eMAID",
        action="Ask the issuer for a certificate with the identifier as common name",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
    Entry(
        code="identity.common_name_repeated",
        severity=Severity.ERROR,
        title="The certificate's subject has several common names, so it names nobody for certain",
        citation="Plugward: readers of the first name and readers of the last would disagree",
        action="Ask the issuer for a certificate with one common name",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
    Entry(
        code="identity.emaid_malformed",
        severity=Severity.ERROR,
        title="The common name of the contract certificate is not an eMAID",
        citation="ISO 15118-2 H.1; eMI3 contract identifiers",
        action="Check that a contract certificate was presented, then ask its issuer",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
    Entry(
        code="identity.emaid_mismatch",
        severity=Severity.ERROR,
        title="The presented eMAID is not the one that the contract certificate names",
        citation="OCPP 2.0.1 C07.FR.17; ISO 15118-2 as EVerest's EvseV2G answers it",
        action="Refuse: the certificate proves another contract. Look for a mixed-up or forged "
        "request",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
    Entry(
        code="identity.emaid_check_digit",
        severity=Severity.WARNING,
        title="The eMAID's check character does not belong to its other characters",
        citation="ISO 15118-2 H.1.3; eMI3 check digit calculation",
        action="Look for a typing error; many issued eMAIDs carry a wrong one, so the policy "
        "off, warn or enforce is the operator's",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
    Entry(
        code="identity.emaid_check_digit_missing",
        severity=Severity.NOTICE,
        title="The eMAID carries no check character that could be verified",
        citation="ISO 15118-2 H.1: the check digit is optional",
        action="Nothing; the eMAID is compared without it",
    ),
    Entry(
        code="identity.provider_not_permitted",
        severity=Severity.ERROR,
        title="The eMAID belongs to a provider that this issuer or requester may not name",
        citation="hubject/opcp: mobility operators are scoped by EMAID[:5]; ISO 15118-2 has no "
        "name constraint for it",
        action="Refuse: a mobility operator's sub-CA named another operator's customer. Tell the "
        "anchor's owner, or permit the provider for this sub-CA",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
    Entry(
        code="identity.operator_not_permitted",
        severity=Severity.ERROR,
        title="The EVSE or SECC identifier belongs to an operator that may not be named here",
        citation="charinev/opnc: charge point operators are scoped by EVSEID[:5]",
        action="Permit the operator's country and operator prefix for this requester, or refuse",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
    Entry(
        code="identity.manufacturer_not_permitted",
        severity=Severity.ERROR,
        title="The PCID belongs to a manufacturer that may not be named here",
        citation="hubject/opcp: OEMs are scoped by PCID[:3], the WMI of ISO 3780",
        action="Permit the manufacturer's WMI for this requester, or refuse",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
    Entry(
        code="identity.pcid_malformed",
        severity=Severity.ERROR,
        title="The common name of the provisioning certificate is not a PCID",
        citation="VDE-AR-E 2802-100-1 as hubject/opcp quotes it; ISO 15118-20 C.2",
        action="Check that an OEM provisioning certificate was presented, then ask its OEM",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
    Entry(
        code="identity.pcid_mismatch",
        severity=Severity.ERROR,
        title="The PCID asked for is not the one that the provisioning certificate names",
        citation="hubject/opcp: provisioning certificates are kept by their PCID",
        action="Refuse: the request is not this vehicle's",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
    Entry(
        code="identity.evse_id_malformed",
        severity=Severity.ERROR,
        title="The text is not an EVSE identifier",
        citation="ISO 15118-2 H.2.1",
        action="Write it as country, operator, E and outlet: DE*ICE*E45B*78C",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
    Entry(
        code="identity.secc_id_malformed",
        severity=Severity.ERROR,
        title="The text is not a SECC identifier",
        citation="ISO 15118-20 C.3 as hubject/opcp quotes it",
        action="Write it as country, operator, S and at least 32 characters of the controller",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
    Entry(
        code="identity.hash_data_unknown",
        severity=Severity.ERROR,
        title="The presented certificate hashes name no certificate known here",
        citation="OCPP 2.0.1 C07.FR.17: hashes alone do not say whose certificate they are of",
        action="Let the station send the certificate chain, or import the contract certificate",
        certificate_status=_CHAIN_ERROR,
        id_token_status=_INVALID,
        iso_2=_ISO_2,
        iso_20=_ISO_20,
    ),
)
