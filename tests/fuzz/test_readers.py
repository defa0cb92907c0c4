"""The readers' fuzz target holds for what is whole and what is near it, without the fuzzer."""

import importlib.util
import random
from pathlib import Path

SPEC = importlib.util.spec_from_file_location("readers", Path(__file__).with_name("readers.py"))
assert SPEC is not None
assert SPEC.loader is not None
TARGET = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TARGET)


def test_every_reader_has_something_whole_to_begin_with():
    seeds = TARGET.corpus()
    assert {seed[0] for seed in seeds} | {2} == set(range(len(TARGET.READERS)))
    for seed in seeds:
        TARGET.READERS[seed[0]](seed[1:])
    TARGET.one_input(b"")


def test_what_is_near_the_corpus_is_a_value_or_malformed():
    chance = random.Random(5280)
    for seed in TARGET.corpus():
        for _ in range(40):
            damaged = bytearray(seed)
            for _ in range(chance.randint(1, 3)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            TARGET.one_input(bytes(damaged))
