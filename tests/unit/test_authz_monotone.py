"""What newer evidence may change about a status."""

from datetime import timedelta

import pytest

from authz.monotone import lasting, merged
from certs.revocation.status import Good, Proof, Reason, Revoked, Source, Unknown
from tests.world import NOW, SECOND


def good(at: timedelta = timedelta()) -> Good:
    return Good(proof=proof(at))


def revoked(at: timedelta = timedelta(), reason: Reason = Reason.KEY_COMPROMISE) -> Revoked:
    return Revoked(revoked_at=NOW, reason=reason, proof=proof(at))


def proof(at: timedelta) -> Proof:
    return Proof(
        source=Source.OCSP,
        this_update=NOW + at,
        next_update=NOW + at + 60 * SECOND,
        produced_at=NOW + at,
        number=None,
        signer_fingerprint=bytes(32),
        digest=bytes(32),
    )


SILENT = Unknown("revocation.source_unreachable")
HELD = revoked(reason=Reason.CERTIFICATE_HOLD)


@pytest.mark.parametrize(
    ("known", "told", "holds"),
    [
        (None, good(), good()),
        (None, SILENT, SILENT),
        (SILENT, good(), good()),
        (good(), good(SECOND), good(SECOND)),
        (good(), good(), good()),
        (good(), revoked(SECOND), revoked(SECOND)),
        (good(SECOND), revoked(), revoked()),
        (good(), SILENT, SILENT),
        (revoked(), good(SECOND), revoked()),
        (revoked(), SILENT, revoked()),
        (revoked(), HELD, revoked()),
        (HELD, good(SECOND), good(SECOND)),
        (HELD, revoked(SECOND), revoked(SECOND)),
    ],
    ids=[
        "first answer",
        "first silence",
        "answer after silence",
        "newer good",
        "same good again",
        "revoked after good",
        "older revocation is still one",
        "silence after good",
        "O10-good after revoked",
        "silence after revoked",
        "hold after revoked",
        "hold lifted",
        "hold made final",
    ],
)
def test_what_was_proved_once_stays_proved(known, told, holds):
    assert merged(known, told) == holds


@pytest.mark.parametrize(
    ("known", "told"), [(good(SECOND), good()), (HELD, good()), (HELD, good(-SECOND))]
)
def test_o10_evidence_older_than_what_is_held_is_a_replay(known, told):
    replayed = merged(known, told)
    assert isinstance(replayed, Unknown)
    assert replayed.code == "revocation.ocsp_replayed"


@pytest.mark.parametrize("reason", list(Reason))
def test_only_a_hold_may_end(reason):
    assert lasting(revoked(reason=reason)) is (reason is not Reason.CERTIFICATE_HOLD)
    assert not lasting(good())
    assert not lasting(SILENT)
