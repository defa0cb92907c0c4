"""Writes the suite: ``python -m tests.vectors.v2g_limbo``."""

from pathlib import Path

from tests.vectors.v2g_limbo import generator

FILE = Path(__file__).with_name("limbo.json")

if __name__ == "__main__":
    FILE.write_text(generator.text())
