"""Threads that ask at the same moment are served in one go, and each is told its own outcome."""

import threading

import pytest

from certs.errors import Refused
from pki.authority.together import TOGETHER_MAX, Together
from pki.errors import KeyTaken, Unavailable

WAITED_SECONDS = 5


class PowerError(BaseException):
    pass


class Work:
    """Takes its time: the first time it waits until it is let go on."""

    def __init__(self):
        self.groups = []
        self.failing = {}
        self.told = {}
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, works):
        self.groups.append(list(works))
        if len(self.groups) == 1:
            self.begun.set()
            assert self.go_on.wait(WAITED_SECONDS)
        for work in works:
            if work in self.failing:
                raise self.failing[work]
        return [self.told.get(work, work.upper()) for work in works]

    def together(self):
        return Together(self, clashes=(KeyTaken,))


def meet(work, asked):
    """The first of those who ask alone, all others while it is served; what each was told."""
    together, told = work.together(), {}

    def ask(name):
        try:
            told[name] = together.do(name)
        except (KeyTaken, Refused, Unavailable, PowerError) as bad:
            told[name] = type(bad)

    threads = [threading.Thread(target=ask, args=(name,)) for name in asked]
    threads[0].start()
    assert work.begun.wait(WAITED_SECONDS)
    for number, thread in enumerate(threads[1:], 1):
        thread.start()
        while len(together._waiting) < number:
            thread.join(0.001)
    assert told == {}
    work.go_on.set()
    for thread in threads:
        thread.join(WAITED_SECONDS)
    assert together.do("z") == "Z"
    assert together._waiting == []
    return told


def test_who_comes_meanwhile_is_served_together():
    work = Work()
    assert meet(work, "abcde") == {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}
    assert work.groups == [["a"], ["b", "c", "d", "e"], ["z"]]


def test_what_is_told_of_one_is_raised_for_that_one_alone():
    work = Work()
    work.told["c"] = Refused("issuance.lint", "too long")
    assert meet(work, "abcd") == {"a": "A", "b": "B", "c": Refused, "d": "D"}
    assert len(work.groups) == 3


def test_one_whose_key_was_taken_spoils_nobody_elses_request():
    work = Work()
    work.failing["c"] = KeyTaken("another subject has this key")
    assert meet(work, "abcd") == {"a": "A", "b": "B", "c": KeyTaken, "d": "D"}
    assert work.groups == [["a"], ["b", "c", "d"], ["b"], ["c"], ["d"], ["z"]]


def test_database_that_is_gone_is_told_to_all_and_asked_once():
    work = Work()
    work.failing["c"] = Unavailable("database")
    assert meet(work, "abcd") == {"a": "A", "b": Unavailable, "c": Unavailable, "d": Unavailable}
    assert work.groups == [["a"], ["b", "c", "d"], ["z"]]


def test_thread_that_ends_while_it_serves_others_leaves_nobody_waiting():
    work = Work()
    work.failing["b"] = PowerError()
    assert meet(work, "abc") == {"a": "A", "b": PowerError, "c": Unavailable}


def test_more_than_are_served_in_one_go_take_turns():
    work = Work()
    asked = [f"request {number}" for number in range(TOGETHER_MAX + 3)]
    assert meet(work, asked) == {name: name.upper() for name in asked}
    assert [len(group) for group in work.groups] == [1, TOGETHER_MAX, 2, 1]


def test_alone_one_is_served_at_once():
    work = Work()
    work.go_on.set()
    work.failing["a"] = KeyTaken("another subject has this key")
    together = work.together()
    with pytest.raises(KeyTaken):
        together.do("a")
    assert together.do("b") == "B"
    assert work.groups == [["a"], ["b"]]
