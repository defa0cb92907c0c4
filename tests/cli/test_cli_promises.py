"""What holds for every command: no secrets in arguments, every error of ours translated."""

from importlib import import_module

import pytest

import authz.errors
import certs.errors
import pki.errors
from plugward import cli
from plugward.cli import main
from plugward.deferred import Command, Group, load
from plugward.exit_codes import ExitCode
from plugward.translation import translate

_SECRETS = ("key", "passphrase", "password", "secret", "token")


def verbs(commands: tuple[Command, ...]):
    for command in commands:
        if isinstance(command, Group):
            yield from verbs(import_module(command.module).COMMANDS)
        else:
            yield command


@pytest.mark.parametrize("command", list(verbs(cli.COMMANDS)), ids=lambda command: command.module)
def test_no_option_takes_a_secret_itself(command):
    for option in load(command).params:
        for name in option.opts:
            if any(word in name for word in _SECRETS):
                assert option.metavar == "FILE", f"{name} of {command.name} is no file's name"


def descendants(kind):
    yield kind
    for child in kind.__subclasses__():
        yield from descendants(child)


RAISED = [
    *descendants(certs.errors.Malformed),
    *descendants(certs.errors.Refused),
    *(kind for kind in descendants(pki.errors.PkiError)),
    authz.errors.Unauthenticated,
    authz.errors.NotFound,
    authz.errors.Conflict,
    authz.errors.Unavailable,
]


@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_error_of_ours_is_a_complaint_and_no_bug(kind):
    try:
        made = kind("a detail")
    except TypeError:
        made = kind("a.code", "a detail")
    said = translate(made)
    assert said is not None
    assert said.exit_code in {
        ExitCode.NO,
        ExitCode.ASKED_WRONGLY,
        ExitCode.MALFORMED,
        ExitCode.UNREACHABLE,
    }
    assert getattr(made, "code", "") in said.text or said.hint


def test_what_nobody_raises_on_purpose_stays_a_bug():
    assert translate(ZeroDivisionError()) is None


def test_standard_input_is_read_once(capsys):
    assert main(["cert", "inspect", "-", "-"]) == ExitCode.ASKED_WRONGLY
    assert "read once" in capsys.readouterr().err
