"""Every error has its row: from classes to RFC 9457 problems, and what they do not tell."""

import importlib
import pkgutil

import pytest

import pki
from certs.errors import Malformed, Refused
from certs.findings.catalogue import found
from pki.api.problems import STATUS, problem_of, respond, status_of
from pki.errors import PkiError, Unauthenticated, Unavailable

for module in pkgutil.walk_packages(pki.__path__, "pki."):
    if not module.name.startswith("pki.storage.migrations"):
        importlib.import_module(module.name)


def descendants(kind):
    yield kind
    for child in kind.__subclasses__():
        yield from descendants(child)


def ours():
    for base in (Malformed, Refused, PkiError):
        for kind in descendants(base):
            if kind is not PkiError and kind.__module__.startswith(("pki.", "certs.")):
                yield kind


@pytest.mark.parametrize("kind", sorted(set(ours()), key=repr), ids=lambda kind: kind.__name__)
def test_no_error_class_is_forgotten(kind):
    assert any(ancestor in STATUS for ancestor in kind.__mro__)
    assert status_of(kind.__new__(kind)) in STATUS.values()


def test_problem_tells_code_detail_and_findings():
    refused = Refused("issuance.lint", "no", [found("profile.common_name_wrong", where="subject")])
    problem = problem_of(refused, instance="/v1/certificates")
    assert (problem.status, problem.code, problem.detail) == (403, "issuance.lint", "no")
    assert problem.type == "urn:plugward:problem:issuance.lint"
    assert problem.instance == "/v1/certificates"
    assert [finding.code for finding in problem.findings] == ["profile.common_name_wrong"]


@pytest.mark.parametrize("error", [ValueError("secret"), PkiError("secret"), KeyError("secret")])
def test_h13_what_nobody_foresaw_is_told_to_nobody(error):
    problem = problem_of(error, instance="/")
    assert (problem.status, problem.code, problem.detail) == (500, "internal", "")


def test_unavailable_says_when_to_try_again():
    assert respond(problem_of(Unavailable("x"), instance="/")).headers["retry-after"] == "5"


def test_unauthenticated_says_how_to_authenticate():
    answer = respond(problem_of(Unauthenticated("x"), instance="/"))
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.media_type == "application/problem+json"
