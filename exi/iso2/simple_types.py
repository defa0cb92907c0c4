"""The simple types of ISO 15118-2, named as its schemas name them."""
# ruff: noqa: N801, N815, N816 - names are the schemas' own

from enum import StrEnum
from typing import Annotated

from exi.datatypes import SHORT, UNSIGNED_SHORT, Binary, Encoding, Integer, String

percentValueType = Annotated[int, Integer(0, 100)]
faultMsgType = Annotated[str, String(length_max=64)]
serviceNameType = Annotated[str, String(length_max=32)]
serviceScopeType = Annotated[str, String(length_max=64)]
maxNumPhasesType = Annotated[int, Integer(1, 3)]
meterStatusType = Annotated[int, SHORT]
genChallengeType = Annotated[bytes, Binary(Encoding.BASE64, length_min=16, length_max=16)]
certificateType = Annotated[bytes, Binary(Encoding.BASE64, length_max=800)]
dHpublickeyType = Annotated[bytes, Binary(Encoding.BASE64, length_max=65)]
privateKeyType = Annotated[bytes, Binary(Encoding.BASE64, length_max=48)]
sigMeterReadingType = Annotated[bytes, Binary(Encoding.BASE64, length_max=64)]
sessionIDType = Annotated[bytes, Binary(Encoding.HEX, length_max=8)]
evccIDType = Annotated[bytes, Binary(Encoding.HEX, length_max=6)]
evseIDType = Annotated[str, String(length_min=7, length_max=37)]
serviceIDType = Annotated[int, UNSIGNED_SHORT]
eMAIDType = Annotated[str, String(length_min=14, length_max=15)]
meterIDType = Annotated[str, String(length_max=32)]
SAIDType = Annotated[int, Integer(1, 255)]
tariffDescriptionType = Annotated[str, String(length_max=32)]
unitMultiplierType = Annotated[int, Integer(-3, 3)]


class EVSEProcessingType(StrEnum):
    """Whether the charger is done, or waits for itself or for people."""

    Finished = "Finished"
    Ongoing = "Ongoing"
    Ongoing_WaitingForCustomerInteraction = "Ongoing_WaitingForCustomerInteraction"


class EVSENotificationType(StrEnum):
    """What the charger wants the vehicle to do."""

    None_ = "None"
    StopCharging = "StopCharging"
    ReNegotiation = "ReNegotiation"


class chargeProgressType(StrEnum):
    """What a power delivery request asks for."""

    Start = "Start"
    Stop = "Stop"
    Renegotiate = "Renegotiate"


class chargingSessionType(StrEnum):
    """How a session stops."""

    Terminate = "Terminate"
    Pause = "Pause"


class serviceCategoryType(StrEnum):
    """Kinds of services."""

    EVCharging = "EVCharging"
    Internet = "Internet"
    ContractCertificate = "ContractCertificate"
    OtherCustom = "OtherCustom"


class valueType(StrEnum):
    """Kinds of parameter values."""

    bool = "bool"
    byte = "byte"
    short = "short"
    int = "int"
    physicalValue = "physicalValue"
    string = "string"


class EnergyTransferModeType(StrEnum):
    """Ways of delivering energy."""

    AC_single_phase_core = "AC_single_phase_core"
    AC_three_phase_core = "AC_three_phase_core"
    DC_core = "DC_core"
    DC_extended = "DC_extended"
    DC_combo_core = "DC_combo_core"
    DC_unique = "DC_unique"


class costKindType(StrEnum):
    """Kinds of costs."""

    relativePricePercentage = "relativePricePercentage"
    RenewableGenerationPercentage = "RenewableGenerationPercentage"
    CarbonDioxideEmission = "CarbonDioxideEmission"


class paymentOptionType(StrEnum):
    """Ways of payment: by contract (Plug & Charge) or externally."""

    Contract = "Contract"
    ExternalPayment = "ExternalPayment"


class faultCodeType(StrEnum):
    """Faults that a header can notify of."""

    ParsingError = "ParsingError"
    NoTLSRootCertificatAvailable = "NoTLSRootCertificatAvailable"
    UnknownError = "UnknownError"


class responseCodeType(StrEnum):
    """Results of a request."""

    OK = "OK"
    OK_NewSessionEstablished = "OK_NewSessionEstablished"
    OK_OldSessionJoined = "OK_OldSessionJoined"
    OK_CertificateExpiresSoon = "OK_CertificateExpiresSoon"
    FAILED = "FAILED"
    FAILED_SequenceError = "FAILED_SequenceError"
    FAILED_ServiceIDInvalid = "FAILED_ServiceIDInvalid"
    FAILED_UnknownSession = "FAILED_UnknownSession"
    FAILED_ServiceSelectionInvalid = "FAILED_ServiceSelectionInvalid"
    FAILED_PaymentSelectionInvalid = "FAILED_PaymentSelectionInvalid"
    FAILED_CertificateExpired = "FAILED_CertificateExpired"
    FAILED_SignatureError = "FAILED_SignatureError"
    FAILED_NoCertificateAvailable = "FAILED_NoCertificateAvailable"
    FAILED_CertChainError = "FAILED_CertChainError"
    FAILED_ChallengeInvalid = "FAILED_ChallengeInvalid"
    FAILED_ContractCanceled = "FAILED_ContractCanceled"
    FAILED_WrongChargeParameter = "FAILED_WrongChargeParameter"
    FAILED_PowerDeliveryNotApplied = "FAILED_PowerDeliveryNotApplied"
    FAILED_TariffSelectionInvalid = "FAILED_TariffSelectionInvalid"
    FAILED_ChargingProfileInvalid = "FAILED_ChargingProfileInvalid"
    FAILED_MeteringSignatureNotValid = "FAILED_MeteringSignatureNotValid"
    FAILED_NoChargeServiceSelected = "FAILED_NoChargeServiceSelected"
    FAILED_WrongEnergyTransferMode = "FAILED_WrongEnergyTransferMode"
    FAILED_ContactorError = "FAILED_ContactorError"
    FAILED_CertificateNotAllowedAtThisEVSE = "FAILED_CertificateNotAllowedAtThisEVSE"
    FAILED_CertificateRevoked = "FAILED_CertificateRevoked"


class unitSymbolType(StrEnum):
    """Units of physical values."""

    h = "h"
    m = "m"
    s = "s"
    A = "A"
    V = "V"
    W = "W"
    Wh = "Wh"


class DC_EVSEStatusCodeType(StrEnum):
    """States of a DC charger."""

    EVSE_NotReady = "EVSE_NotReady"
    EVSE_Ready = "EVSE_Ready"
    EVSE_Shutdown = "EVSE_Shutdown"
    EVSE_UtilityInterruptEvent = "EVSE_UtilityInterruptEvent"
    EVSE_IsolationMonitoringActive = "EVSE_IsolationMonitoringActive"
    EVSE_EmergencyShutdown = "EVSE_EmergencyShutdown"
    EVSE_Malfunction = "EVSE_Malfunction"
    Reserved_8 = "Reserved_8"
    Reserved_9 = "Reserved_9"
    Reserved_A = "Reserved_A"
    Reserved_B = "Reserved_B"
    Reserved_C = "Reserved_C"


class isolationLevelType(StrEnum):
    """Results of isolation monitoring."""

    Invalid = "Invalid"
    Valid = "Valid"
    Warning = "Warning"
    Fault = "Fault"
    No_IMD = "No_IMD"


class DC_EVErrorCodeType(StrEnum):
    """Errors of a DC vehicle."""

    NO_ERROR = "NO_ERROR"
    FAILED_RESSTemperatureInhibit = "FAILED_RESSTemperatureInhibit"
    FAILED_EVShiftPosition = "FAILED_EVShiftPosition"
    FAILED_ChargerConnectorLockFault = "FAILED_ChargerConnectorLockFault"
    FAILED_EVRESSMalfunction = "FAILED_EVRESSMalfunction"
    FAILED_ChargingCurrentdifferential = "FAILED_ChargingCurrentdifferential"
    FAILED_ChargingVoltageOutOfRange = "FAILED_ChargingVoltageOutOfRange"
    Reserved_A = "Reserved_A"
    Reserved_B = "Reserved_B"
    Reserved_C = "Reserved_C"
    FAILED_ChargingSystemIncompatibility = "FAILED_ChargingSystemIncompatibility"
    NoData = "NoData"
