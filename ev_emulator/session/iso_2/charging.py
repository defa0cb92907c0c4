"""The charger's answers of ISO 15118-2 from charge parameters to the end of the session."""

from ev_emulator import signatures
from ev_emulator.charger.paused import PausedSession
from ev_emulator.ports import Answer, TariffAnswer, TariffQuestion
from ev_emulator.session.events import Metered, PowerSwitched, ReceiptSigned
from ev_emulator.session.iso_2.answers import AC_IDLE
from ev_emulator.session.iso_2.table import RULEBOOK, TABLE
from ev_emulator.session.iso_2.values import amperes, volts, watts, whole
from ev_emulator.session.iso_2.visit import Pending, Visit
from ev_emulator.session.speaking import Reply
from exi.iso2.ac import ChargingStatusRes
from exi.iso2.charge_parameter import (
    AC_EVChargeParameterType,
    AC_EVSEChargeParameterType,
    ChargeParameterDiscoveryReq,
    ChargeParameterDiscoveryRes,
    DC_EVChargeParameterType,
    DC_EVSEChargeParameterType,
)
from exi.iso2.dc import (
    CableCheckRes,
    CurrentDemandReq,
    CurrentDemandRes,
    PreChargeReq,
    PreChargeRes,
    WeldingDetectionRes,
)
from exi.iso2.message import V2G_Message
from exi.iso2.metering import MeterInfoType, MeteringReceiptReq, MeteringReceiptRes
from exi.iso2.power_delivery import PowerDeliveryReq, PowerDeliveryRes
from exi.iso2.schedule import (
    PMaxScheduleEntryType,
    PMaxScheduleType,
    RelativeTimeIntervalType,
    SAScheduleListType,
    SAScheduleTupleType,
)
from exi.iso2.session import SessionStopReq, SessionStopRes
from exi.iso2.simple_types import (
    DC_EVSEStatusCodeType,
    EVSENotificationType,
    EVSEProcessingType,
    chargeProgressType,
    chargingSessionType,
    isolationLevelType,
    responseCodeType,
)
from exi.iso2.values import AC_EVSEStatusType, DC_EVSEStatusType

SCHEDULE = 1  # the one schedule that is offered
_SCHEDULE_SECONDS = 86_400
_OK = responseCodeType.OK
_DC_MODES = ("DC_core", "DC_extended", "DC_combo_core", "DC_unique")


def charge_parameters(visit: Visit, request: ChargeParameterDiscoveryReq) -> Reply | Pending:
    """What the outlet can do, in one schedule, with the contract's tariff if it has one."""
    name = "ChargeParameterDiscoveryReq"
    mode = request.RequestedEnergyTransferMode
    if mode not in visit.offer.modes:
        return visit.fail(name, "charge.mode", mode.value)
    visit.dc = mode.value in _DC_MODES
    wanted = DC_EVChargeParameterType if visit.dc else AC_EVChargeParameterType
    if not isinstance(request.EVChargeParameter, wanted):
        return visit.fail(name, "charge.parameter", type(request.EVChargeParameter).__name__)
    visit.watts_max = visit.offer.dc_watts_max if visit.dc else visit.offer.watts_max
    if visit.contract is None or not visit.offer.asks_tariffs:
        return _parameters(visit, None)

    def answered(answer: Answer) -> Reply:
        return _parameters(visit, answer if isinstance(answer, TariffAnswer) else None)

    return Pending(
        seconds=visit.offer.patience.tariff_seconds,
        question=TariffQuestion(emaid=visit.contract.emaid, edition=RULEBOOK.edition),
        answered=answered,
        overdue=lambda: _parameters(visit, None),
    )


def _parameters(visit: Visit, answer: TariffAnswer | None) -> Reply:
    signed = answer.tariff if answer else None
    entry = PMaxScheduleEntryType(
        TimeInterval=RelativeTimeIntervalType(start=0, duration=_SCHEDULE_SECONDS),
        PMax=watts(visit.watts_max),
    )
    offer = visit.offer
    parameter: AC_EVSEChargeParameterType | DC_EVSEChargeParameterType = (
        DC_EVSEChargeParameterType(
            DC_EVSEStatus=_dc_status(),
            EVSEMaximumCurrentLimit=amperes(offer.dc_amperes_max),
            EVSEMaximumPowerLimit=watts(offer.dc_watts_max),
            EVSEMaximumVoltageLimit=volts(offer.dc_volts_max),
            EVSEMinimumCurrentLimit=amperes(0),
            EVSEMinimumVoltageLimit=volts(0),
            EVSEPeakCurrentRipple=amperes(1),
        )
        if visit.dc
        else AC_EVSEChargeParameterType(
            AC_EVSEStatus=AC_IDLE,
            EVSENominalVoltage=volts(offer.nominal_volts),
            EVSEMaxCurrent=amperes(offer.amperes_max),
        )
    )
    return visit.reply(
        ChargeParameterDiscoveryRes(
            ResponseCode=_OK,
            EVSEProcessing=EVSEProcessingType.Finished,
            SASchedules=SAScheduleListType(
                SAScheduleTuple=(
                    SAScheduleTupleType(
                        SAScheduleTupleID=SCHEDULE,
                        PMaxSchedule=PMaxScheduleType(PMaxScheduleEntry=(entry,)),
                        SalesTariff=signed.tariff if signed else None,
                    ),
                )
            ),
            EVSEChargeParameter=parameter,
        ),
        outcome="dc" if visit.dc else "ac",
        signature=signed.signature if signed else None,
    )


def power_delivery(visit: Visit, state: str, request: PowerDeliveryReq) -> Reply:
    """Switch the power as the vehicle asks."""
    name = "PowerDeliveryReq"
    outcome = request.ChargeProgress.value.lower()
    if outcome not in TABLE[state][name]:
        return visit.fail(name, "session.sequence", f"{outcome} in {state}")
    if request.SAScheduleTupleID != SCHEDULE:
        return visit.fail(name, "charge.schedule", str(request.SAScheduleTupleID))
    entries = request.ChargingProfile.ProfileEntry if request.ChargingProfile else ()
    if any(whole(entry.ChargingProfileEntryMaxPower) > visit.watts_max for entry in entries):
        return visit.fail(name, "charge.profile", f"more than {visit.watts_max} W")
    on = request.ChargeProgress is chargeProgressType.Start
    meter = visit.outlet.meter
    meter.switch(visit.watts_max if on and not visit.dc else 0)
    return visit.reply(
        PowerDeliveryRes(ResponseCode=_OK, EVSEStatus=_dc_status() if visit.dc else AC_IDLE),
        outcome=outcome,
        events=(PowerSwitched(on=on, meter_wh=meter.reading_wh),),
    )


def charging_status(visit: Visit) -> Reply:
    """How AC charging goes; every so often a receipt is asked for."""
    info, asks, metered = _reading(visit)
    return visit.reply(
        ChargingStatusRes(
            ResponseCode=_OK,
            EVSEID=str(visit.offer.evse_id),
            SAScheduleTupleID=SCHEDULE,
            EVSEMaxCurrent=amperes(visit.offer.amperes_max),
            MeterInfo=info,
            ReceiptRequired=asks,
            AC_EVSEStatus=AC_EVSEStatusType(
                NotificationMaxDelay=0, EVSENotification=_notification(visit), RCD=False
            ),
        ),
        outcome="receipt" if asks else "ok",
        events=(metered,),
    )


def _reading(visit: Visit) -> tuple[MeterInfoType, bool, Metered]:
    """The meter's reading, and whether this round asks for a receipt (contracts only)."""
    visit.loops += 1
    meter = visit.outlet.meter
    info = MeterInfoType(
        MeterID=meter.meter_id,
        MeterReading=meter.reading_wh,
        TMeter=int(visit.outlet.clock.now().timestamp()),
    )
    every = visit.offer.receipt_every
    asks = every is not None and visit.contract is not None and visit.loops % every == 0
    visit.reading = info if asks else None
    metered = Metered(meter_id=meter.meter_id, meter_wh=meter.reading_wh)
    return info, asks, metered


def _notification(visit: Visit) -> EVSENotificationType:
    """What the charger wants of the vehicle in this round."""
    if visit.loops == visit.offer.stop_after:
        return EVSENotificationType.StopCharging
    if visit.loops == visit.offer.renegotiate_after:
        return EVSENotificationType.ReNegotiation
    return EVSENotificationType.None_


def metering_receipt(visit: Visit, request: MeteringReceiptReq, message: V2G_Message) -> Reply:
    """The vehicle's signed word that it saw the reading [V2G2-902]."""
    name = "MeteringReceiptReq"
    reading, visit.reading = visit.reading, None
    same = reading == request.MeterInfo and request.SessionID == visit.session_id
    if not (visit.contract and reading and same):
        return visit.fail(name, "receipt.invalid", "not the reading that was sent")
    if request.SAScheduleTupleID not in {None, SCHEDULE}:
        return visit.fail(name, "receipt.invalid", "another schedule")
    objection = signatures.objection(message, visit.contract.chain[0].public_key())
    if objection:
        return visit.fail(name, "receipt.invalid", objection)
    return visit.reply(
        MeteringReceiptRes(ResponseCode=_OK, EVSEStatus=_dc_status() if visit.dc else AC_IDLE),
        events=(ReceiptSigned(meter_id=reading.MeterID, meter_wh=reading.MeterReading or 0),),
    )


def cable_check(visit: Visit) -> Reply:
    """Check the isolation, for as many rounds as the outlet takes."""
    visit.checks += 1
    done = visit.checks > visit.offer.cable_check_rounds
    visit.checks = 0 if done else visit.checks
    return visit.reply(
        CableCheckRes(
            ResponseCode=_OK,
            DC_EVSEStatus=_dc_status(),
            EVSEProcessing=EVSEProcessingType.Finished if done else EVSEProcessingType.Ongoing,
        ),
        outcome="finished" if done else "ongoing",
    )


def pre_charge(visit: Visit, request: PreChargeReq) -> Reply:
    """Bring the outlet to the vehicle's voltage, as far as it goes."""
    reached = max(0, min(whole(request.EVTargetVoltage), visit.offer.dc_volts_max))
    return visit.reply(
        PreChargeRes(
            ResponseCode=_OK, DC_EVSEStatus=_dc_status(), EVSEPresentVoltage=volts(reached)
        )
    )


def current_demand(visit: Visit, request: CurrentDemandReq) -> Reply:
    """Deliver what is asked, within the outlet's limits."""
    offer = visit.offer
    asked_volts = max(0, whole(request.EVTargetVoltage))
    asked_amperes = max(0, whole(request.EVTargetCurrent))
    given_volts = min(asked_volts, offer.dc_volts_max)
    given_amperes = min(asked_amperes, offer.dc_amperes_max)
    limited = given_volts * given_amperes > offer.dc_watts_max
    if limited:
        given_amperes = offer.dc_watts_max // given_volts
    visit.outlet.meter.switch(given_volts * given_amperes)
    info, asks, metered = _reading(visit)
    return visit.reply(
        CurrentDemandRes(
            ResponseCode=_OK,
            DC_EVSEStatus=_dc_status(_notification(visit)),
            EVSEPresentVoltage=volts(given_volts),
            EVSEPresentCurrent=amperes(given_amperes),
            EVSECurrentLimitAchieved=asked_amperes >= offer.dc_amperes_max,
            EVSEVoltageLimitAchieved=asked_volts >= offer.dc_volts_max,
            EVSEPowerLimitAchieved=limited,
            EVSEMaximumVoltageLimit=volts(offer.dc_volts_max),
            EVSEMaximumCurrentLimit=amperes(offer.dc_amperes_max),
            EVSEMaximumPowerLimit=watts(offer.dc_watts_max),
            EVSEID=str(offer.evse_id),
            SAScheduleTupleID=SCHEDULE,
            MeterInfo=info,
            ReceiptRequired=asks,
        ),
        outcome="receipt" if asks else "ok",
        events=(metered,),
    )


def welding_detection(visit: Visit) -> Reply:
    """The outlet's voltage while the vehicle opens its contactors."""
    return visit.reply(
        WeldingDetectionRes(
            ResponseCode=_OK, DC_EVSEStatus=_dc_status(), EVSEPresentVoltage=volts(0)
        )
    )


def session_stop(visit: Visit, state: str, request: SessionStopReq) -> Reply:
    """End the session, or keep it for the vehicle that pauses it."""
    outcome = request.ChargingSession.value.lower()
    if outcome not in TABLE[state]["SessionStopReq"]:
        return visit.fail("SessionStopReq", "session.sequence", f"{outcome} in {state}")
    if request.ChargingSession is chargingSessionType.Pause and visit.payment is not None:
        paused = PausedSession(evcc_id=visit.evcc_id, payment=visit.payment)
        visit.outlet.paused.keep(visit.session_id, paused)
    return visit.reply(SessionStopRes(ResponseCode=_OK), outcome=outcome)


def _dc_status(
    notification: EVSENotificationType = EVSENotificationType.None_,
) -> DC_EVSEStatusType:
    stop = notification is EVSENotificationType.StopCharging
    return DC_EVSEStatusType(
        NotificationMaxDelay=0,
        EVSENotification=notification,
        EVSEIsolationStatus=isolationLevelType.Valid,
        EVSEStatusCode=(
            DC_EVSEStatusCodeType.EVSE_Shutdown if stop else DC_EVSEStatusCodeType.EVSE_Ready
        ),
    )
