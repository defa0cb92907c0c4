"""What a finding is."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How strongly a finding speaks, by the strength of the rule behind it (RFC 2119)."""

    ERROR = "error"  # MUST, SHALL: refuses
    WARNING = "warning"  # SHOULD, or a tolerated deviation: recorded, does not refuse
    NOTICE = "notice"  # worth knowing


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact: a permanent dotted code, how strong, at which place, with detail for people.

    ``where`` names the place in words of the vocabulary: ``leaf``, ``sub_ca_2``, ``sub_ca_1``,
    ``root``, ``chain``, or for a single certificate the field (``extensions.keyUsage``).
    """

    code: str
    severity: Severity
    where: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A code's line in the catalogue.

    ``certificate_status`` and ``id_token_status`` are OCPP's AuthorizeCertificateStatusEnum and
    AuthorizationStatusEnum words that a refusal for this reason is answered with (OCPP 2.0.1,
    C07.FR.13-17); ``iso_2`` and ``iso_20`` the ISO 15118 ResponseCodes. Empty where the finding
    never decides an answer.
    """

    code: str
    severity: Severity
    title: str  # one sentence, for people
    citation: str  # requirement, RFC section, or the document it comes from
    action: str  # what to do about it
    certificate_status: str = ""
    id_token_status: str = ""
    iso_2: str = ""
    iso_20: str = ""
