"""What a command's exit status says, the same for every command."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit statuses; docs/cli.md prints this table."""

    YES = 0
    NO = 1
    ASKED_WRONGLY = 2
    MALFORMED = 3
    UNREACHABLE = 4
    BUG = 70  # EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130  # 128 + SIGINT, as shells count


MEANINGS = {
    ExitCode.YES: "done, or the answer is yes: valid, accepted, good",
    ExitCode.NO: "the answer is no: not valid, refused, revoked, not as the profile asks",
    ExitCode.ASKED_WRONGLY: "options or arguments that make no sense, a file that is not there",
    ExitCode.MALFORMED: "input that is not what it claims to be",
    ExitCode.UNREACHABLE: "a service, a database or a key did not answer: there is no answer",
    ExitCode.BUG: "our own fault; the traceback on stderr belongs in a bug report",
    ExitCode.INTERRUPTED: "interrupted from the keyboard",
}
