"""The simple types of DIN SPEC 70121, named as its schemas name them."""
# ruff: noqa: N801, N815, N816 - names are the schemas' own

from enum import StrEnum
from typing import Annotated

from exi.datatypes import SHORT, UNSIGNED_SHORT, Binary, Encoding, Integer, String

meterStatusType = Annotated[int, SHORT]
PMaxType = Annotated[int, SHORT]
percentValueType = Annotated[int, Integer(0, 100)]
faultMsgType = Annotated[str, String(length_max=64)]
serviceNameType = Annotated[str, String(length_max=32)]
serviceScopeType = Annotated[str, String(length_max=32)]
genChallengeType = Annotated[str, String()]
certificateType = Annotated[bytes, Binary(Encoding.BASE64, length_max=1200)]
rootCertificateIDType = Annotated[str, String(length_max=40)]
dHParamsType = Annotated[bytes, Binary(Encoding.BASE64, length_max=256)]
privateKeyType = Annotated[bytes, Binary(Encoding.BASE64, length_max=128)]
sigMeterReadingType = Annotated[bytes, Binary(Encoding.BASE64, length_max=32)]
sessionIDType = Annotated[bytes, Binary(Encoding.HEX, length_max=8)]
evccIDType = Annotated[bytes, Binary(Encoding.HEX, length_max=8)]
evseIDType = Annotated[bytes, Binary(Encoding.HEX, length_max=32)]
serviceIDType = Annotated[int, UNSIGNED_SHORT]
contractIDType = Annotated[str, String(length_max=24)]
meterIDType = Annotated[str, String(length_max=32)]
SAIDType = Annotated[int, SHORT]
tariffDescriptionType = Annotated[str, String(length_max=32)]
unitMultiplierType = Annotated[int, Integer(-3, 3)]


class valueType(StrEnum):
    """Kinds of parameter values."""

    bool = "bool"
    byte = "byte"
    short = "short"
    int = "int"
    physicalValue = "physicalValue"
    string = "string"


class EVSEProcessingType(StrEnum):
    """Whether the charger is done, or waits for itself or for people."""

    Finished = "Finished"
    Ongoing = "Ongoing"


class EVSENotificationType(StrEnum):
    """What the charger wants the vehicle to do."""

    None_ = "None"
    StopCharging = "StopCharging"
    ReNegotiation = "ReNegotiation"


class serviceCategoryType(StrEnum):
    """Kinds of services."""

    EVCharging = "EVCharging"
    Internet = "Internet"
    ContractCertificate = "ContractCertificate"
    OtherCustom = "OtherCustom"


class EVSESupportedEnergyTransferType(StrEnum):
    """Ways of delivering energy that the charger has."""

    AC_single_phase_core = "AC_single_phase_core"
    AC_three_phase_core = "AC_three_phase_core"
    DC_core = "DC_core"
    DC_extended = "DC_extended"
    DC_combo_core = "DC_combo_core"
    DC_dual = "DC_dual"
    AC_core1p_DC_extended = "AC_core1p_DC_extended"
    AC_single_DC_core = "AC_single_DC_core"
    AC_single_phase_three_phase_core_DC_extended = "AC_single_phase_three_phase_core_DC_extended"
    AC_core3p_DC_extended = "AC_core3p_DC_extended"


class EVRequestedEnergyTransferType(StrEnum):
    """Ways of delivering energy that the vehicle asks for."""

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
    FAILED_EVSEPresentVoltageToLow = "FAILED_EVSEPresentVoltageToLow"
    FAILED_MeteringSignatureNotValid = "FAILED_MeteringSignatureNotValid"
    FAILED_WrongEnergyTransferType = "FAILED_WrongEnergyTransferType"


class unitSymbolType(StrEnum):
    """Units of physical values."""

    h = "h"
    m = "m"
    s = "s"
    A = "A"
    Ah = "Ah"
    V = "V"
    VA = "VA"
    W = "W"
    W_s = "W/s"
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
