"""What a command says instead of an answer."""

from plugward.exit_codes import ExitCode


class Complaint(Exception):  # noqa: N818 - not an error of ours: something for the user to act on
    """Ends a command with a sentence, perhaps a hint what to do, and an exit status."""

    def __init__(
        self, text: str, *, hint: str = "", exit_code: ExitCode = ExitCode.ASKED_WRONGLY
    ) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint
        self.exit_code = exit_code


class Declined(Complaint):
    """The service understood and said no: nothing was done, and nothing will be."""
