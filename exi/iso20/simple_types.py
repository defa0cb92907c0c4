"""The simple types of ISO 15118-20, named as its schemas name them."""
# ruff: noqa: N801, N816 - names are the schemas' own

from enum import StrEnum
from typing import Annotated

from exi.datatypes import UNSIGNED_SHORT, Binary, Encoding, Integer, String

numericIDType = Annotated[int, Integer(1, 4_294_967_295)]
sessionIDType = Annotated[bytes, Binary(Encoding.HEX, length_min=8, length_max=8)]
percentValueType = Annotated[int, Integer(0, 100)]
identifierType = Annotated[str, String(length_max=255)]
nameType = Annotated[str, String(length_max=80)]
descriptionType = Annotated[str, String(length_max=160)]
meterIDType = Annotated[str, String(length_max=32)]
meterSignatureType = Annotated[bytes, Binary(Encoding.BASE64, length_max=64)]
genChallengeType = Annotated[bytes, Binary(Encoding.BASE64, length_min=16, length_max=16)]
serviceIDType = Annotated[int, UNSIGNED_SHORT]
maxSupportingPointsScheduleTupleType = Annotated[int, Integer(12, 1024)]
dhPublicKeyType = Annotated[bytes, Binary(Encoding.BASE64, length_min=133, length_max=133)]
secp521_EncryptedPrivateKeyType = Annotated[
    bytes, Binary(Encoding.BASE64, length_min=94, length_max=94)
]
x448_EncryptedPrivateKeyType = Annotated[
    bytes, Binary(Encoding.BASE64, length_min=84, length_max=84)
]
tpm_EncryptedPrivateKeyType = Annotated[
    bytes, Binary(Encoding.BASE64, length_min=206, length_max=206)
]
currencyType = Annotated[str, String(length_max=3)]
languageType = Annotated[str, String(length_max=3)]
certificateType = Annotated[bytes, Binary(Encoding.BASE64, length_max=1600)]


class evseNotificationType(StrEnum):
    """What the charger wants the vehicle to do."""

    Pause = "Pause"
    ExitStandby = "ExitStandby"
    Terminate = "Terminate"
    ScheduleRenegotiation = "ScheduleRenegotiation"
    ServiceRenegotiation = "ServiceRenegotiation"
    MeteringConfirmation = "MeteringConfirmation"


class processingType(StrEnum):
    """Whether the sender is done, or waits for itself or for people."""

    Finished = "Finished"
    Ongoing = "Ongoing"
    Ongoing_WaitingForCustomerInteraction = "Ongoing_WaitingForCustomerInteraction"


class responseCodeType(StrEnum):
    """Results of a request: fine, a warning, or a failure."""

    OK = "OK"
    OK_CertificateExpiresSoon = "OK_CertificateExpiresSoon"
    OK_NewSessionEstablished = "OK_NewSessionEstablished"
    OK_OldSessionJoined = "OK_OldSessionJoined"
    OK_PowerToleranceConfirmed = "OK_PowerToleranceConfirmed"
    WARNING_AuthorizationSelectionInvalid = "WARNING_AuthorizationSelectionInvalid"
    WARNING_CertificateExpired = "WARNING_CertificateExpired"
    WARNING_CertificateNotYetValid = "WARNING_CertificateNotYetValid"
    WARNING_CertificateRevoked = "WARNING_CertificateRevoked"
    WARNING_CertificateValidationError = "WARNING_CertificateValidationError"
    WARNING_ChallengeInvalid = "WARNING_ChallengeInvalid"
    WARNING_EIMAuthorizationFailure = "WARNING_EIMAuthorizationFailure"
    WARNING_eMSPUnknown = "WARNING_eMSPUnknown"
    WARNING_EVPowerProfileViolation = "WARNING_EVPowerProfileViolation"
    WARNING_GeneralPnCAuthorizationError = "WARNING_GeneralPnCAuthorizationError"
    WARNING_NoCertificateAvailable = "WARNING_NoCertificateAvailable"
    WARNING_NoContractMatchingPCIDFound = "WARNING_NoContractMatchingPCIDFound"
    WARNING_PowerToleranceNotConfirmed = "WARNING_PowerToleranceNotConfirmed"
    WARNING_ScheduleRenegotiationFailed = "WARNING_ScheduleRenegotiationFailed"
    WARNING_StandbyNotAllowed = "WARNING_StandbyNotAllowed"
    WARNING_WPT = "WARNING_WPT"
    FAILED = "FAILED"
    FAILED_AssociationError = "FAILED_AssociationError"
    FAILED_ContactorError = "FAILED_ContactorError"
    FAILED_EVPowerProfileInvalid = "FAILED_EVPowerProfileInvalid"
    FAILED_EVPowerProfileViolation = "FAILED_EVPowerProfileViolation"
    FAILED_MeteringSignatureNotValid = "FAILED_MeteringSignatureNotValid"
    FAILED_NoEnergyTransferServiceSelected = "FAILED_NoEnergyTransferServiceSelected"
    FAILED_NoServiceRenegotiationSupported = "FAILED_NoServiceRenegotiationSupported"
    FAILED_PauseNotAllowed = "FAILED_PauseNotAllowed"
    FAILED_PowerDeliveryNotApplied = "FAILED_PowerDeliveryNotApplied"
    FAILED_PowerToleranceNotConfirmed = "FAILED_PowerToleranceNotConfirmed"
    FAILED_ScheduleRenegotiation = "FAILED_ScheduleRenegotiation"
    FAILED_ScheduleSelectionInvalid = "FAILED_ScheduleSelectionInvalid"
    FAILED_SequenceError = "FAILED_SequenceError"
    FAILED_ServiceIDInvalid = "FAILED_ServiceIDInvalid"
    FAILED_ServiceSelectionInvalid = "FAILED_ServiceSelectionInvalid"
    FAILED_SignatureError = "FAILED_SignatureError"
    FAILED_UnknownSession = "FAILED_UnknownSession"
    FAILED_WrongChargeParameter = "FAILED_WrongChargeParameter"


class authorizationType(StrEnum):
    """Ways of authorization: external or Plug & Charge."""

    EIM = "EIM"
    PnC = "PnC"


class chargeProgressType(StrEnum):
    """What a power delivery request asks for."""

    Start = "Start"
    Stop = "Stop"
    Standby = "Standby"
    ScheduleRenegotiation = "ScheduleRenegotiation"


class channelSelectionType(StrEnum):
    """The direction of the energy."""

    Charge = "Charge"
    Discharge = "Discharge"


class ecdhCurveType(StrEnum):
    """Curves with which a contract key is sealed."""

    SECP521 = "SECP521"
    X448 = "X448"


class chargingSessionType(StrEnum):
    """How a session stops."""

    Pause = "Pause"
    Terminate = "Terminate"
    ServiceRenegotiation = "ServiceRenegotiation"


class evCheckInStatusType(StrEnum):
    """How far the vehicle is with parking."""

    CheckIn = "CheckIn"
    Processing = "Processing"
    Completed = "Completed"


class evCheckOutStatusType(StrEnum):
    """How far the vehicle is with leaving."""

    CheckOut = "CheckOut"
    Processing = "Processing"
    Completed = "Completed"


class evseCheckOutStatusType(StrEnum):
    """How far the charger is with letting go."""

    Scheduled = "Scheduled"
    Completed = "Completed"


class parkingMethodType(StrEnum):
    """Who parks the vehicle."""

    AutoParking = "AutoParking"
    MVGuideManual = "MVGuideManual"
    Manual = "Manual"


class powerToleranceAcceptanceType(StrEnum):
    """Whether the power tolerance is accepted."""

    PowerToleranceNotConfirmed = "PowerToleranceNotConfirmed"
    PowerToleranceConfirmed = "PowerToleranceConfirmed"
