"""pkilint as the other linter: RFC 5280 by somebody else's reading (the extra ``pkilint``)."""

from threading import Lock

from pkilint import loader  # type: ignore[import-untyped]  # no types
from pkilint.pkix import certificate, extension, name  # type: ignore[import-untyped]  # no types
from pkilint.validation import ValidationFindingSeverity  # type: ignore[import-untyped]  # no types
from pyasn1.error import PyAsn1Error  # type: ignore[import-untyped]  # no types

from pki.authority.opinions import Opinion

_REMARKS = frozenset({ValidationFindingSeverity.INFO, ValidationFindingSeverity.NOTICE})


class Pkilint:
    """pki.ports.SecondOpinion by pkilint. About two milliseconds a certificate, one at a time."""

    def __init__(self) -> None:
        self._lock = Lock()  # nothing says that its validators may be shared
        self._validator = certificate.create_pkix_certificate_validator_container(
            certificate.create_decoding_validators(
                name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
            ),
            [
                certificate.create_issuer_validator_container([]),
                certificate.create_validity_validator_container(),
                certificate.create_subject_validator_container([]),
                certificate.create_extensions_validator_container([]),
                certificate.create_spki_validator_container([]),
            ],
        )

    def findings(self, der: bytes) -> tuple[Opinion, ...]:
        with self._lock:
            try:
                document = loader.load_certificate(der, "draft")
                results = self._validator.validate(document.root)
            except (ValueError, PyAsn1Error) as bad:
                return (Opinion(code="unreadable", detail=type(bad).__name__),)
        return tuple(
            Opinion(code=found.finding.code, detail=str(found.message or ""))
            for result in results
            for found in result.finding_descriptions
            if found.finding.severity not in _REMARKS
        )
