"""The catalogue's codes for what OCSP responses and CRLs say, and for why one is not believed."""

from certs.findings.finding import Entry, Severity

_RESPONDER = (
    "look at the responder: it must answer as RFC 6960 says; until it does, fall back on a CRL"
)
_FETCH = "fetch a fresh response; if it repeats, the responder or a cache before it is behind"
_DELEGATE = "have the CA issue its responder a certificate as RFC 6960 4.2.2.2 asks"
_SUSPECT = "do not use the source until it is explained: somebody may be answering in its place"
_PUBLISHER = "look at the CA that publishes this CRL, or ask it for a complete, direct one"
_CLOCKS = "compare the clocks of the responder and of this host"


def _unverifiable(code: str, title: str, citation: str, action: str) -> Entry:
    """No believable status: the chain cannot be verified (OCPP C07.FR.17)."""
    return Entry(
        code=f"revocation.{code}",
        severity=Severity.ERROR,
        title=title,
        citation=citation,
        action=action,
        certificate_status="CertChainError",
        id_token_status="Invalid",  # noqa: S106 - an OCPP word, no password
        iso_2="FAILED_CertChainError",
        iso_20="WARNING_CertificateValidationError",
    )


_STATUS = (
    Entry(
        code="revocation.revoked",
        severity=Severity.ERROR,
        title="The certificate is revoked",
        citation="RFC 5280 5.3.1; RFC 6960 4.2.1; OCPP 2.0.1 C07.FR.16",
        action="none: its issuer withdrew it; the holder needs a new certificate",
        certificate_status="CertificateRevoked",
        id_token_status="Invalid",  # noqa: S106 - an OCPP word, no password
        iso_2="FAILED_CertificateRevoked",
        iso_20="WARNING_CertificateRevoked",
    ),
    Entry(
        code="revocation.stale_within_grace",
        severity=Severity.WARNING,
        title="The status is past its nextUpdate, and used within the grace the policy grants",
        citation="RFC 6960 4.2.2.1; the operator's outage policy",
        action="find out why no fresh status could be fetched before the grace ends",
    ),
    Entry(
        code="revocation.dialect",
        severity=Severity.NOTICE,
        title="The station's certificate hash data was understood only in another dialect",
        citation="OCPP 2.0.1 OCSPRequestDataType; RFC 6960 4.1.1",
        action="tell the station's maker; this reading counts as it matched a known certificate",
    ),
    _unverifiable(
        "unknown",
        "Nothing establishes whether the certificate is revoked",
        "OCPP 2.0.1 C07.FR.05, FR.17",
        "configure an OCSP responder or a CRL for its issuer",
    ),
    _unverifiable(
        "source_missing",
        "No OCSP responder and no CRL is configured for the certificate's issuer",
        "OCPP 2.0.1 C07.FR.05, FR.17",
        "configure one for this issuer; what a certificate or a station names is not followed",
    ),
    _unverifiable(
        "source_unreachable",
        "The configured source of revocation status gave no answer in time",
        "OCPP 2.0.1 C07.FR.17",
        "check the source and the network between; a cached status bridges the time to nextUpdate",
    ),
)

_OCSP = (
    _unverifiable(
        "ocsp_too_large",
        "The OCSP response exceeds a size cap, and was not read",
        "the policy's response_bytes_max; caps on certificates and single responses",
        _RESPONDER,
    ),
    _unverifiable(
        "ocsp_malformed", "The octets are no OCSP response", "RFC 6960 4.2.1; X.690", _RESPONDER
    ),
    _unverifiable(
        "ocsp_not_successful",
        "The responder declined to answer, and said so unsigned",
        "RFC 6960 2.3, 4.2.1",
        "tryLater and internalError pass; unauthorized means it does not serve this issuer",
    ),
    _unverifiable(
        "ocsp_algorithm_not_allowed",
        "The response is signed by an algorithm that this issuer's edition does not use",
        "ISO 15118-2 and -20 signature algorithms; adversarial X20",
        _DELEGATE,
    ),
    _unverifiable(
        "ocsp_signer_unknown",
        "The named responder is neither the issuer nor a certificate in the response",
        "RFC 6960 4.2.2.2, 4.2.2.3",
        _SUSPECT,
    ),
    _unverifiable(
        "ocsp_signature_invalid",
        "The response's signature does not verify under the named responder's key",
        "RFC 6960 3.2",
        _SUSPECT,
    ),
    _unverifiable(
        "ocsp_delegate_not_issued",
        "The responder's certificate was not issued by the CA whose certificate is judged",
        "RFC 6960 4.2.2.2",
        _SUSPECT,
    ),
    _unverifiable(
        "ocsp_delegate_eku_missing",
        "The responder's certificate does not carry id-kp-OCSPSigning",
        "RFC 6960 4.2.2.2",
        _DELEGATE,
    ),
    _unverifiable(
        "ocsp_delegate_key_usage_wrong",
        "The responder's certificate is not for digital signatures",
        "RFC 5280 4.2.1.3",
        _DELEGATE,
    ),
    _unverifiable(
        "ocsp_delegate_is_ca",
        "The responder's certificate is a CA's, which could issue what it vouches for",
        "adversarial O04; RFC 6960 4.2.2.2",
        _DELEGATE,
    ),
    _unverifiable(
        "ocsp_delegate_critical_extension",
        "The responder's certificate has a critical extension nobody here understands",
        "RFC 5280 4.2",
        _DELEGATE,
    ),
    _unverifiable(
        "ocsp_delegate_expired",
        "The responder's certificate is expired or not yet valid",
        "RFC 5280 4.1.2.5; RFC 6960 3.2",
        _DELEGATE,
    ),
    _unverifiable(
        "ocsp_delegate_revoked",
        "The responder's certificate is itself revoked",
        "RFC 6960 4.2.2.2.1",
        _SUSPECT,
    ),
    _unverifiable(
        "ocsp_delegate_unchecked",
        "The responder's certificate lacks id-pkix-ocsp-nocheck, and its own status is not known",
        "RFC 6960 4.2.2.2.1",
        _DELEGATE,
    ),
    _unverifiable(
        "ocsp_other_issuer",
        "The question names another CA key than that of the issuer it was put to",
        "RFC 6960 4.1.1",
        "put the question to the CA that issued the certificate",
    ),
    _unverifiable(
        "ocsp_other_certificate",
        "The response does not speak of the certificate asked about",
        "RFC 6960 3.2",
        _RESPONDER,
    ),
    _unverifiable(
        "ocsp_contradictory",
        "The response speaks of the certificate more than once, and not with one voice",
        "RFC 6960 4.2.1",
        _RESPONDER,
    ),
    _unverifiable(
        "ocsp_status_unknown",
        "The responder does not know the certificate",
        "RFC 6960 2.2; OCPP 2.0.1 C07.FR.17",
        "a certificate its own CA does not know may be forged, or the register incomplete",
    ),
    _unverifiable(
        "ocsp_this_update_in_future",
        "The status is dated in the future",
        "RFC 6960 4.2.2.1",
        _CLOCKS,
    ),
    _unverifiable("ocsp_stale", "The status is past its nextUpdate", "RFC 6960 4.2.2.1", _FETCH),
    _unverifiable(
        "ocsp_next_update_missing",
        "The response does not say until when it holds, so its freshness is unknown",
        "RFC 5019 2.2.4; adversarial O08",
        _RESPONDER,
    ),
    _unverifiable(
        "ocsp_times_odd",
        "producedAt, thisUpdate and nextUpdate are not in an order that can be",
        "RFC 6960 2.4, 4.2.2.1",
        _CLOCKS,
    ),
    _unverifiable(
        "ocsp_replayed",
        "The status is older than one already seen for this certificate",
        "adversarial O10",
        _SUSPECT,
    ),
    _unverifiable(
        "ocsp_nonce_mismatch",
        "The response's nonce is not the one that was sent",
        "RFC 9654 2.1",
        _SUSPECT,
    ),
    _unverifiable(
        "ocsp_nonce_missing",
        "The policy demands the nonce back, and the response has none",
        "RFC 9654 2.1",
        "do not demand a nonce of responders that sign in advance (RFC 5019)",
    ),
    _unverifiable(
        "ocsp_nonce_size",
        "The response's nonce is no OCTET STRING of 1 to 128 octets",
        "RFC 9654 2.1",
        _RESPONDER,
    ),
    _unverifiable(
        "ocsp_critical_extension",
        "The response has a critical extension nobody here understands",
        "RFC 6960 4.4; RFC 5280 4.2",
        _RESPONDER,
    ),
    _unverifiable(
        "ocsp_reason_invalid",
        "The response gives a reason that revokes no certificate",
        "RFC 5280 5.3.1",
        _RESPONDER,
    ),
)

_CRL = (
    _unverifiable(
        "crl_too_large",
        "The CRL exceeds the size cap, and was not read",
        "the policy's crl_bytes_max",
        "raise the cap, or have the CA publish partitioned CRLs",
    ),
    _unverifiable("crl_malformed", "The octets are no CRL", "RFC 5280 5.1; X.690", _PUBLISHER),
    _unverifiable(
        "crl_algorithm_not_allowed",
        "The CRL is signed by an algorithm that this issuer's edition does not use",
        "ISO 15118-2 and -20 signature algorithms; adversarial X20",
        _PUBLISHER,
    ),
    _unverifiable(
        "crl_signature_invalid",
        "The CRL's signature does not verify under the issuer's key",
        "RFC 5280 6.3.3 (g)",
        _SUSPECT,
    ),
    _unverifiable(
        "crl_other_issuer",
        "The CRL is another issuer's than that of the certificate judged",
        "RFC 5280 6.3.3 (b)",
        "configure each issuer's own CRL",
    ),
    _unverifiable(
        "crl_key_usage_wrong",
        "The issuer's certificate is not for signing CRLs",
        "RFC 5280 4.2.1.3, 6.3.3 (f)",
        _PUBLISHER,
    ),
    _unverifiable(
        "crl_this_update_in_future", "The CRL is dated in the future", "RFC 5280 5.1.2.4", _CLOCKS
    ),
    _unverifiable("crl_stale", "The CRL is past its nextUpdate", "RFC 5280 5.1.2.5", _FETCH),
    _unverifiable(
        "crl_next_update_missing",
        "The CRL does not say when the next one comes, so its freshness is unknown",
        "RFC 5280 5.1.2.5",
        _PUBLISHER,
    ),
    _unverifiable(
        "crl_times_odd",
        "The CRL's nextUpdate lies before its thisUpdate",
        "RFC 5280 5.1.2.4, 5.1.2.5",
        _PUBLISHER,
    ),
    _unverifiable(
        "crl_number_regressed",
        "The CRL's number is lower than one already seen from this issuer",
        "RFC 5280 5.2.3; adversarial C03",
        _SUSPECT,
    ),
    _unverifiable(
        "crl_number_missing",
        "The CRL has no number, though earlier ones from this issuer had",
        "RFC 5280 5.2.3",
        _SUSPECT,
    ),
    _unverifiable(
        "crl_out_of_scope",
        "The CRL's scope does not cover the certificate",
        "RFC 5280 5.2.5, 6.3.3 (b)(2)",
        "fetch the CRL from the certificate's own distribution point",
    ),
    _unverifiable(
        "crl_indirect",
        "The CRL lists certificates of several issuers, which is not supported",
        "RFC 5280 5.2.5",
        _PUBLISHER,
    ),
    _unverifiable(
        "crl_delta",
        "The CRL lists changes only, or deltas to it exist: deltas are not supported",
        "RFC 5280 5.2.4, 5.2.6",
        _PUBLISHER,
    ),
    _unverifiable(
        "crl_reasons_limited",
        "The CRL lists revocations for some reasons only",
        "RFC 5280 5.2.5",
        _PUBLISHER,
    ),
    _unverifiable(
        "crl_critical_extension",
        "The CRL, or an entry in it, has a critical extension nobody here understands",
        "RFC 5280 5.2, 5.3",
        _PUBLISHER,
    ),
    _unverifiable(
        "crl_reason_invalid",
        "The certificate's entry gives a reason that revokes no certificate",
        "RFC 5280 5.3.1",
        _PUBLISHER,
    ),
)

ENTRIES: tuple[Entry, ...] = (*_STATUS, *_OCSP, *_CRL)
