"""The root command: help, version, exit statuses, the words on stderr, how quickly it starts."""

import subprocess
import sys
from importlib import import_module
from importlib.metadata import version

import pytest

from plugward import cli
from plugward.deferred import Command, Group
from plugward.exit_codes import MEANINGS, ExitCode


def every(commands: tuple[Command, ...] = cli.COMMANDS, prefix: tuple[str, ...] = ()):
    for command in commands:
        yield (*prefix, command.name), command
        if isinstance(command, Group):
            yield from every(import_module(command.module).COMMANDS, (*prefix, command.name))


def test_version_is_the_distribution_s(capsys):
    assert cli.main(["--version"]) == ExitCode.YES
    assert capsys.readouterr().out == f"plugward {version('plugward')}\n"


def test_no_arguments_shows_every_command(capsys):
    assert cli.main([]) == ExitCode.YES
    shown = capsys.readouterr().out
    assert all(f"  {command.name}" in shown for command in cli.COMMANDS)


@pytest.mark.parametrize(("path", "command"), list(every()), ids=lambda x: getattr(x, "name", None))
def test_each_command_explains_itself(path, command, capsys):
    assert cli.main([*path, "--help"]) == ExitCode.YES
    said = capsys.readouterr()
    assert said.out.startswith(f"Usage: plugward {' '.join(path)}")
    assert not said.err
    assert command.summary == command.summary.strip(".")
    assert command.summary[0].islower() or command.summary.split()[0].isupper()


@pytest.mark.parametrize(
    "argv",
    [["no-such-command"], ["cert"], ["cert", "inspect"], ["cert", "inspect", "--no-such-option"]],
    ids=" ".join,
)
def test_what_is_asked_wrongly_says_so_with_a_hint_and_exits_2(argv, capsys):
    assert cli.main(argv) == ExitCode.ASKED_WRONGLY
    said = capsys.readouterr()
    assert not said.out
    first, second = said.err.splitlines()
    assert first.startswith("plugward: error: ")
    assert not first.endswith(".")
    assert second.startswith("plugward: hint: plugward")


def test_a_bug_of_ours_exits_70_with_its_traceback(capsys, monkeypatch):
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr("plugward.inputs.chain", broken)
    assert cli.main(["cert", "inspect", "x.pem"]) == ExitCode.BUG
    said = capsys.readouterr()
    assert "ZeroDivisionError" in said.err
    assert "plugward: error: this is a bug" in said.err


def test_every_exit_status_has_a_meaning_and_its_number():
    assert set(MEANINGS) == set(ExitCode)
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 70, 130]


def test_help_imports_no_house_and_no_cryptography():
    """What makes --help slow is what it imports; a stopwatch in a test would only be nervous."""
    program = (
        "import sys; from plugward.cli import main; main(['--help']);"
        "heavy = {'cryptography', 'fastapi', 'httpx', 'sqlalchemy', 'pydantic', 'rich', 'uvicorn'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stderr == "[]\n"


def test_a_reader_that_left_is_no_error():
    program = (
        "from plugward.cli import main; import sys; sys.exit(main(['cert', 'lint', '--list']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_commands_below_groups(shell):
    words = "plugward cert ver"
    environment = {
        "_PLUGWARD_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words,
        "COMP_CWORD": "2",
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "PATH": "/usr/bin:/bin",
    }
    program = "import sys; from plugward.cli import main; sys.exit(main([]))"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert "verify" in ran.stdout
