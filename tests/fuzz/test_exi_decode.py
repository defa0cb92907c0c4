"""The fuzz target holds for its corpus and for what is near it, without the fuzzer."""

import importlib.util
import random
from pathlib import Path

SPEC = importlib.util.spec_from_file_location(
    "exi_decode", Path(__file__).with_name("exi_decode.py")
)
assert SPEC is not None
assert SPEC.loader is not None
TARGET = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TARGET)


def test_the_corpus_holds():
    seeds = TARGET.corpus()
    assert len(seeds) == 55
    for seed in seeds:
        TARGET.one_input(seed)
    TARGET.one_input(b"")


def test_what_is_near_the_corpus_holds():
    chance = random.Random(15118)
    for seed in TARGET.corpus():
        for _ in range(20):
            damaged = bytearray(seed[:600])
            for _ in range(chance.randint(1, 3)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            TARGET.one_input(bytes(damaged))
