"""What the houses and the foundations raise, as complaints to the user."""

import traceback

import exi.errors
from certs.errors import Malformed, Refused
from plugward import terminal
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode


def complain(raised: Exception) -> int:
    """Tells the user what could not be done, and the exit status that goes with it."""
    complaint = raised if isinstance(raised, Complaint) else translate(raised)
    if complaint is None:
        traceback.print_exception(raised)
        terminal.error("this is a bug of plugward's own", hint="report it with what stands above")
        return ExitCode.BUG
    terminal.error(complaint.text, hint=complaint.hint)
    return complaint.exit_code


def translate(raised: Exception) -> Complaint | None:
    """The complaint that an exception of ours becomes; None for one nobody raises on purpose.

    The houses' errors are imported here, when something was raised, and not with the command line.
    """
    match raised:
        case Malformed():
            return Complaint(f"{raised.detail} ({raised.code})", exit_code=ExitCode.MALFORMED)
        case exi.errors.Malformed() | exi.errors.NotEncodable():
            return Complaint(str(raised), exit_code=ExitCode.MALFORMED)
        case Refused():
            said = "; ".join(
                " ".join(filter(None, (finding.code, finding.where, finding.detail)))
                for finding in raised.findings
            )
            return Complaint(f"{raised}", hint=said, exit_code=ExitCode.NO)
        case _:
            return _of_a_house(raised)


def _of_a_house(raised: Exception) -> Complaint | None:
    from httpx import HTTPError

    import authz.errors
    import ev_emulator.errors
    import pki.errors

    match raised:
        case pki.errors.ConfigurationRefused():
            return Complaint(raised.detail, hint="plugward check-config")
        case pki.errors.Unavailable():
            return Complaint(f"{raised.detail} ({raised.code})", exit_code=ExitCode.UNREACHABLE)
        case pki.errors.PkiError():
            return Complaint(f"{raised.detail} ({raised.code})", exit_code=ExitCode.NO)
        case authz.errors.Unavailable():
            return Complaint(f"{raised.detail} ({raised.code})", exit_code=ExitCode.UNREACHABLE)
        case authz.errors.NotFound() | authz.errors.Conflict():
            return Complaint(f"{raised.detail} ({raised.code})", exit_code=ExitCode.NO)
        case authz.errors.Unauthenticated():
            return Complaint(f"not authenticated ({raised.code})", exit_code=ExitCode.NO)
        case ev_emulator.errors.Unavailable():
            return Complaint(f"no answer: {raised}", exit_code=ExitCode.UNREACHABLE)
        case HTTPError():
            return Complaint(f"no answer: {raised}", exit_code=ExitCode.UNREACHABLE)
        case _:
            return None
