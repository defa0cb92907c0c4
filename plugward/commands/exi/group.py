"""The commands for ISO 15118 messages in EXI."""

from plugward.deferred import Command, Verb

COMMANDS: tuple[Command, ...] = (
    Verb("decode", "plugward.commands.exi.decode", "read an ISO 15118 message into JSON"),
    Verb("encode", "plugward.commands.exi.encode", "write an ISO 15118 message from JSON"),
    Verb("inspect", "plugward.commands.exi.inspect", "show what each bit of a message means"),
    Verb(
        "verify-signature",
        "plugward.commands.exi.verify_signature",
        "judge the signature of a message",
    ),
)
