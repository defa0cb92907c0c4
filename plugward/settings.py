"""What the environment tells the command line."""

import os


def colour_unwanted() -> bool:
    """Whether NO_COLOR is set and not empty (no-color.org), or the terminal is a dumb one."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def secret(variable: str) -> str | None:
    """A secret from the environment; None where the variable is not set or empty."""
    return os.environ.get(variable) or None


def mentions(prefix: str) -> bool:
    """Whether a variable of this prefix is set."""
    return any(name.startswith(prefix) for name in os.environ)
