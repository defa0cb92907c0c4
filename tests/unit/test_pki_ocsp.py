"""The OCSP responder as a function: what it answers, and what it never answers."""

import base64
import hashlib
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from certs import der, keys
from certs.edition import Edition
from certs.errors import Malformed, TooLarge
from certs.profiles.rules import Role
from pki.authority.directory import Directory
from pki.authority.entries import Issuer, Reason, Responder, Revocation, Standing, State
from pki.errors import Unavailable
from pki.ocsp.known import HEARD_MAX, KnownStandings
from pki.ocsp.request import CERT_IDS_MAX, REQUEST_OCTETS_MAX, parse, parse_path
from pki.ocsp.responder import Answer, respond, understand
from pki.ocsp.response import ResponseStatus
from tests.pki_house import TENANT, MemoryKeys, authorities_of, issuer_id, key_id
from tests.pki_wire import question
from tests.world import NOW, valid_world

LIFETIME = timedelta(hours=1)
ALGORITHMS = [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]
REASONS = {
    Reason.UNSPECIFIED: None,
    Reason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
    Reason.CA_COMPROMISE: x509.ReasonFlags.ca_compromise,
    Reason.AFFILIATION_CHANGED: x509.ReasonFlags.affiliation_changed,
    Reason.SUPERSEDED: x509.ReasonFlags.superseded,
    Reason.CESSATION_OF_OPERATION: x509.ReasonFlags.cessation_of_operation,
    Reason.PRIVILEGE_WITHDRAWN: x509.ReasonFlags.privilege_withdrawn,
    Reason.AA_COMPROMISE: x509.ReasonFlags.aa_compromise,
}
LEAF = valid_world()[Role.CONTRACT].certificate
CA = valid_world()[Role.MO_SUB_2].certificate


class MemoryStandings:
    """The memory twin of the register, as far as a responder asks it."""

    def __init__(self):
        self.kept = {}
        self.there = True
        self.revision = None  # as where asking for it costs as much as a standing

    def put(self, certificate=LEAF, state=State.ISSUED, reason=None, issuer=None):
        issuer = issuer or issuer_id()
        revocation = None
        if reason is not None:
            revocation = Revocation(
                issuer=issuer,
                serial=certificate.serial,
                reason=reason,
                revoked_at=NOW - timedelta(days=1),
                not_after=certificate.not_after,
            )
        self.kept[issuer, certificate.serial] = Standing(state=state, revocation=revocation)

    def still(self, issuer, revision):  # noqa: ARG002 - the port has it
        return None if self.revision is None else revision == self.revision

    def standing(self, issuer, serial):
        if not self.there:
            raise Unavailable("the database is away")
        return self.kept.get((issuer, serial))


@pytest.fixture
def standings():
    return MemoryStandings()


def directory_of(edition=Edition.ISO_2, *, responders=True):
    world = valid_world(edition)
    issuers, appointed = [], []
    for identity in authorities_of(edition):
        if identity.role is Role.OCSP_RESPONDER:
            appointed.append(
                Responder(
                    issuer=key_id(identity.issuer.certificate),
                    key_id=key_id(identity.certificate),
                    certificate=identity.certificate,
                    appointed_at=NOW,
                )
            )
        else:
            issuers.append(
                Issuer(
                    key_id=key_id(identity.certificate),
                    role=identity.role,
                    edition=world.edition,
                    tenant=TENANT,
                    certificate=identity.certificate,
                )
            )
    return Directory.of(issuers, appointed if responders else ())


def keeper(edition=Edition.ISO_2):
    memory = MemoryKeys()
    for identity in authorities_of(edition):
        memory.store(identity.private_key, role=identity.role.value)
    return memory


def ask(
    request,
    standings,
    *,
    now=NOW,
    directory=None,
    edition=Edition.ISO_2,
    memory=None,
    known=None,
):
    directory = directory or directory_of(edition)
    asked = understand(request, directory=directory)
    if isinstance(asked, Answer):
        return asked
    return respond(
        asked,
        directory=directory,
        standings=standings,
        known=KnownStandings() if known is None else known,
        keys=memory or keeper(edition),
        now=now,
        lifetime=LIFETIME,
    )


def by_serial(serial, issuer=CA):
    """A question about a serial of which there need be no certificate."""
    return request_of(
        cert_id(
            serial=der.encode(der.INTEGER, serial),
            name=hashlib.sha256(issuer.subject).digest(),
            key=hashlib.sha256(issuer.subject_public_key).digest(),
        )
    )


SHA256_ID = bytes.fromhex("0609608648016503040201")


def cert_id(
    *, algorithm=SHA256_ID + b"\x05\x00", name=b"n" * 32, key=b"k" * 32, serial=b"\x02\x01\x05"
):
    return der.encode(
        der.SEQUENCE,
        der.encode(der.SEQUENCE, algorithm)
        + der.encode(der.OCTET_STRING, name)
        + der.encode(der.OCTET_STRING, key)
        + serial,
    )


def request_of(*cert_ids, before=b"", after=b"", single=b"", outside=b""):
    singles = b"".join(der.encode(der.SEQUENCE, each + single) for each in cert_ids)
    tbs = der.encode(der.SEQUENCE, before + der.encode(der.SEQUENCE, singles) + after)
    return der.encode(der.SEQUENCE, tbs + outside)


def extension(oid, value, critical=b""):
    return der.encode(der.SEQUENCE, oid + critical + value)


def extensions(*each, tag=0xA2):
    return der.encode(tag, der.encode(der.SEQUENCE, b"".join(each)))


NONCE_ID = bytes.fromhex("06092b0601050507300102")
OTHER_ID = bytes.fromhex("06092b0601050507300107")
CRITICAL = b"\x01\x01\xff"


def nonce_of(octets, critical=b""):
    value = der.encode(der.OCTET_STRING, der.encode(der.OCTET_STRING, octets))
    return extension(NONCE_ID, value, critical)


def read(answer):
    assert answer.status is ResponseStatus.SUCCESSFUL
    return ocsp.load_der_ocsp_response(answer.der)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda a: a.name)
def test_issued_certificate_is_good_by_every_hash(standings, algorithm):
    standings.put()
    told = read(ask(question(algorithm=algorithm), standings))
    assert told.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert told.serial_number == LEAF.serial
    assert told.hash_algorithm.name == algorithm.name


@pytest.mark.parametrize("edition", list(Edition))
def test_answer_is_signed_by_the_delegate_in_it_who_was_issued_by_the_ca(standings, edition):
    world = valid_world(edition)
    leaf, ca = world[Role.SECC].certificate, world[Role.CPO_SUB_2].certificate
    standings.put(leaf, issuer=key_id(ca))
    told = read(ask(question(leaf, ca), standings, edition=edition))
    (delegate,) = told.certificates
    assert delegate == world.responder(Role.CPO_SUB_2).certificate.x509()
    delegate.verify_directly_issued_by(ca.x509())
    public_key = world.responder(Role.CPO_SUB_2).certificate.public_key()
    assert keys.verifies(public_key, told.signature, told.tbs_response_bytes)
    assert told.responder_key_hash == world.responder(Role.CPO_SUB_2).certificate.subject_key_id


def test_answer_holds_from_now_for_its_lifetime(standings):
    standings.put()
    answer = ask(question(), standings, now=NOW + timedelta(microseconds=5))
    told = read(answer)
    assert told.this_update_utc == told.produced_at_utc == answer.this_update == NOW
    assert told.next_update_utc == answer.next_update == NOW + LIFETIME


def test_answer_does_not_outlive_its_signer(standings):
    standings.put()
    end = valid_world().responder(Role.MO_SUB_2).certificate.not_after
    told = read(ask(question(), standings, now=end - timedelta(minutes=1)))
    assert told.next_update_utc == end


@pytest.mark.parametrize("reason", list(Reason), ids=lambda r: r.name)
def test_revoked_certificate_says_when_and_why(standings, reason):
    standings.put(reason=reason)
    told = read(ask(question(), standings))
    assert told.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert told.revocation_time_utc == NOW - timedelta(days=1)
    assert told.revocation_reason is REASONS[reason]


@pytest.mark.parametrize("state", [None, State.INTENDED, State.ABANDONED])
def test_o19_what_was_not_issued_is_never_good(standings, state):
    if state is not None:
        standings.put(state=state)
    told = read(ask(question(), standings))
    assert told.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


@pytest.mark.parametrize("state", [State.INTENDED, State.ABANDONED])
def test_o19_revoked_intent_is_revoked(standings, state):
    standings.put(state=state, reason=Reason.KEY_COMPROMISE)
    told = read(ask(question(), standings))
    assert told.certificate_status is ocsp.OCSPCertStatus.REVOKED


def test_o11_same_serial_of_another_authority_is_not_ours(standings):
    standings.put()
    request = request_of(_about(LEAF, valid_world()[Role.OEM_SUB_2].certificate))
    told = read(ask(request, standings))
    assert told.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


@pytest.mark.parametrize("serial", [b"\x00", b"\xff", b"\x80\x00"], ids=["zero", "minus", "long"])
def test_impossible_serials_are_unknown(standings, serial):
    told = read(ask(by_serial(serial), standings))
    assert told.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def test_foreign_authority_is_unauthorized(standings):
    foreign = valid_world(name="foreign")
    request = question(foreign[Role.CONTRACT].certificate, foreign[Role.MO_SUB_2].certificate)
    assert ask(request, standings).status is ResponseStatus.UNAUTHORIZED


def test_o11_name_of_one_authority_with_the_key_of_another_is_unauthorized(standings):
    mixed = request_of(
        cert_id(
            name=hashlib.sha256(CA.subject).digest(),
            key=hashlib.sha256(
                valid_world()[Role.OEM_SUB_2].certificate.subject_public_key
            ).digest(),
        )
    )
    assert ask(mixed, standings).status is ResponseStatus.UNAUTHORIZED


def test_unknown_hash_algorithm_is_unauthorized(standings):
    md5 = bytes.fromhex("06082a864886f70d0205")
    request = request_of(cert_id(algorithm=md5 + b"\x05\x00", name=b"n" * 16, key=b"k" * 16))
    assert ask(request, standings).status is ResponseStatus.UNAUTHORIZED


def _about(certificate, issuer=CA):
    """The CertID of a question."""
    return cert_id(
        name=hashlib.sha256(issuer.subject).digest(),
        key=hashlib.sha256(issuer.subject_public_key).digest(),
        serial=der.encode(
            der.INTEGER, certificate.serial.to_bytes(certificate.serial.bit_length() // 8 + 1)
        ),
    )


def test_several_certificates_are_answered_in_their_order(standings):
    other = valid_world().issue(Role.CONTRACT, common_name="DE8AA007654321").certificate
    standings.put()
    standings.put(other, reason=Reason.SUPERSEDED)
    answer = ask(request_of(_about(other), _about(LEAF), _about(other)), standings)
    told = list(read(answer).responses)
    assert [single.serial_number for single in told] == [other.serial, LEAF.serial, other.serial]
    good, revoked = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
    assert [single.certificate_status for single in told] == [revoked, good, revoked]


def test_certificates_of_two_authorities_are_not_answered_together(standings):
    secc = valid_world()[Role.SECC].certificate
    request = request_of(_about(LEAF), _about(secc, valid_world()[Role.CPO_SUB_2].certificate))
    assert ask(request, standings).status is ResponseStatus.UNAUTHORIZED


@pytest.mark.parametrize("octets", [1, 16, 32, 128])
def test_o12_nonce_is_echoed(standings, octets):
    standings.put()
    answer = ask(question(nonce=b"\x07" * octets), standings)
    nonce = read(answer).extensions.get_extension_for_class(x509.OCSPNonce)
    assert nonce.value.nonce == b"\x07" * octets
    assert not answer.cacheable


@pytest.mark.parametrize("octets", [0, 129])
def test_o12_nonce_of_no_or_too_many_octets_is_malformed(standings, octets):
    request = request_of(_about(LEAF), after=extensions(nonce_of(b"\x07" * octets)))
    assert ask(request, standings).status is ResponseStatus.MALFORMED_REQUEST


def test_without_a_nonce_there_is_none_and_the_answer_may_be_kept(standings):
    standings.put()
    answer = ask(question(), standings)
    assert len(read(answer).extensions) == 0
    assert answer.cacheable


@pytest.mark.parametrize("parameters", [b"", b"\x05\x00"], ids=["absent", "null"])
def test_o11_cert_id_is_echoed_as_it_came(standings, parameters):
    asked = cert_id(
        algorithm=SHA256_ID + parameters,
        name=hashlib.sha256(CA.subject).digest(),
        key=hashlib.sha256(CA.subject_public_key).digest(),
    )
    answer = ask(request_of(asked), standings)
    assert answer.status is ResponseStatus.SUCCESSFUL
    assert asked in answer.der


def test_signature_and_requestor_name_are_read_over(standings):
    standings.put()
    requestor = der.encode(0xA1, der.encode(0x82, b"charger.example"))
    request = request_of(_about(LEAF), before=requestor, outside=der.encode(0xA0, b"\x30\x00"))
    assert ask(request, standings).status is ResponseStatus.SUCCESSFUL


def test_unknown_extensions_are_ignored_unless_critical(standings):
    standings.put()
    value = der.encode(der.OCTET_STRING, b"")
    single = extensions(extension(OTHER_ID, value, b"\x01\x01\x00"), tag=0xA0)
    with_nonce = extensions(extension(OTHER_ID, value), nonce_of(b"n", CRITICAL))
    for known in (extensions(extension(OTHER_ID, value)), with_nonce):
        request = request_of(_about(LEAF), after=known, single=single)
        assert ask(request, standings).status is ResponseStatus.SUCCESSFUL
    for odd in (
        request_of(_about(LEAF), after=extensions(extension(OTHER_ID, value, CRITICAL))),
        request_of(_about(LEAF), single=extensions(extension(OTHER_ID, value, CRITICAL), tag=0xA0)),
    ):
        assert ask(odd, standings).status is ResponseStatus.MALFORMED_REQUEST


def test_known_certificate_is_answered_as_of_the_last_hearing(standings):
    known = KnownStandings()
    standings.put()
    heard = NOW - timedelta(seconds=3)
    known.heard(heard, {})
    first = read(ask(question(), standings, known=known))
    assert first.this_update_utc == NOW
    standings.there = False  # from here on only memory answers
    told = read(ask(question(), standings, known=known))
    assert told.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert told.this_update_utc == heard
    assert told.produced_at_utc == NOW
    assert told.next_update_utc == heard + LIFETIME


def test_known_certificate_is_read_again_once_its_authority_revoked_any(standings):
    known = KnownStandings()
    known.heard(NOW - timedelta(seconds=3), {issuer_id(): 7})
    standings.revision = 7
    standings.put()
    ask(question(), standings, known=known)
    standings.there = False
    told = read(ask(question(), standings, known=known))
    assert told.this_update_utc == NOW  # as many as were heard of, this moment
    standings.there, standings.revision = True, 8
    standings.put(reason=Reason.KEY_COMPROMISE)
    told = read(ask(question(), standings, known=known))
    assert told.certificate_status is ocsp.OCSPCertStatus.REVOKED


@pytest.mark.parametrize(
    "now", [NOW + HEARD_MAX + timedelta(seconds=1), NOW - timedelta(seconds=1)], ids=["long", "ago"]
)
def test_nothing_is_known_long_after_the_last_hearing_or_before_it(standings, now):
    known = KnownStandings()
    known.heard(NOW, {})
    standings.put()
    ask(question(), standings, known=known)
    assert len(known) == 1
    standings.put(reason=Reason.KEY_COMPROMISE)
    told = read(ask(question(), standings, known=known, now=now))
    assert told.certificate_status is ocsp.OCSPCertStatus.REVOKED


@pytest.mark.parametrize("state", [State.INTENDED, State.ABANDONED])
def test_o19_intents_and_revoked_certificates_are_never_known(standings, state):
    known = KnownStandings()
    known.heard(NOW, {})
    standings.put(state=state)
    ask(question(), standings, known=known)
    standings.put(reason=Reason.SUPERSEDED)
    ask(question(), standings, known=known)
    assert len(known) == 0


def test_revocation_that_is_heard_while_the_database_is_read_is_not_overlooked():
    known = KnownStandings()
    known.heard(NOW, {})
    mark = known.mark()
    known.forget("one", [5])
    known.keep("one", 5, mark=mark)
    assert known.good_as_of("one", 5, now=NOW) is None


def test_serials_are_forgotten_singly_or_by_authority():
    known = KnownStandings()
    known.heard(NOW, {})
    for issuer in ("one", "other"):
        for serial in (5, 6):
            known.keep(issuer, serial, mark=known.mark())
    known.forget("one", [5])
    known.forget("none", [5])
    assert known.good_as_of("one", 5, now=NOW) is None
    assert known.good_as_of("one", 6, now=NOW) == NOW
    known.forget("one")
    assert known.good_as_of("one", 6, now=NOW) is None
    assert known.good_as_of("other", 6, now=NOW) == NOW


def test_known_serials_of_an_authority_stay_within_their_number():
    known = KnownStandings(serials_max=2)
    for serial in range(1, 6):
        known.keep("one", serial, mark=known.mark())
    assert 1 <= len(known) <= 2


def test_without_a_signer_it_is_try_later(standings):
    standings.put()
    bare = directory_of(responders=False)
    assert ask(question(), standings, directory=bare).status is ResponseStatus.TRY_LATER


def test_with_an_expired_signer_it_is_try_later(standings):
    standings.put()
    end = valid_world().responder(Role.MO_SUB_2).certificate.not_after
    late = ask(question(), standings, now=end + timedelta(seconds=1))
    assert late.status is ResponseStatus.TRY_LATER


def test_without_the_database_it_is_try_later(standings):
    standings.there = False
    answer = ask(question(), standings)
    assert answer.status is ResponseStatus.TRY_LATER
    assert ocsp.load_der_ocsp_response(answer.der).response_status is (
        ocsp.OCSPResponseStatus.TRY_LATER
    )


def test_without_the_signers_key_it_is_try_later(standings):
    standings.put()
    assert ask(question(), standings, memory=MemoryKeys()).status is ResponseStatus.TRY_LATER


@pytest.mark.parametrize(
    "request_octets",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="html"),
        pytest.param(question() + b"\x00", id="trailing"),
        pytest.param(question()[:-1], id="cut"),
        pytest.param(request_of(), id="nothing-asked"),
        pytest.param(request_of(*[cert_id()] * (CERT_IDS_MAX + 1)), id="o20-too-many"),
        pytest.param(b"\x30\x82\x20\x01" + bytes(REQUEST_OCTETS_MAX), id="o20-too-large"),
        pytest.param(request_of(cert_id(), before=b"\xa0\x03\x02\x01\x00"), id="version"),
        pytest.param(request_of(cert_id(), outside=b"\xa0\x00\x05\x00"), id="after-signature"),
        pytest.param(request_of(cert_id(), outside=b"\x05\x00"), id="no-signature"),
        pytest.param(
            request_of(cert_id(), after=extensions() + b"\x05\x00"), id="after-extensions"
        ),
        pytest.param(
            request_of(cert_id(), after=der.encode(0xA2, b"\x30\x00\x05\x00")), id="extensions"
        ),
        pytest.param(
            request_of(cert_id(), single=extensions(tag=0xA0) + b"\x05\x00"), id="after-single"
        ),
        pytest.param(
            der.encode(
                der.SEQUENCE,
                der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, b"\x02\x01\x05")),
            ),
            id="request-no-sequence",
        ),
        pytest.param(request_of(cert_id(algorithm=SHA256_ID + b"\x02\x01\x00")), id="parameters"),
        pytest.param(request_of(cert_id(name=b"n" * 20)), id="hash-length"),
        pytest.param(request_of(cert_id(serial=b"\x02\x16" + b"\x01" * 22)), id="serial-length"),
        pytest.param(request_of(cert_id(serial=b"\x02\x02\x00\x05")), id="serial-not-minimal"),
        pytest.param(request_of(cert_id(serial=b"\x02\x01\x05\x05\x00")), id="after-serial"),
        pytest.param(
            request_of(cert_id(), after=extensions(b"\x02\x01\x05")), id="extension-no-sequence"
        ),
        pytest.param(
            request_of(cert_id(), after=extensions(extension(NONCE_ID, b"\x05\x00"))), id="no-value"
        ),
        pytest.param(
            request_of(cert_id(), after=extensions(extension(NONCE_ID, b"\x04\x00\x05\x00"))),
            id="after-value",
        ),
        pytest.param(
            request_of(cert_id(), after=extensions(nonce_of(b"1"), nonce_of(b"1"))), id="twice"
        ),
        pytest.param(
            request_of(cert_id(), after=extensions(extension(NONCE_ID, b"\x04\x03\x04\x02\x01"))),
            id="nonce-cut",
        ),
    ],
)
def test_malformed_requests_are_said_to_be_so(standings, request_octets):
    answer = ask(request_octets, standings)
    assert answer.status is ResponseStatus.MALFORMED_REQUEST
    told = ocsp.load_der_ocsp_response(answer.der)
    assert told.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert not answer.cacheable


ENCODED = base64.b64encode(question()).decode()


@pytest.mark.parametrize(
    "path",
    [ENCODED, ENCODED.rstrip("="), "/" + ENCODED, "//" + ENCODED],
    ids=["padded", "unpadded", "slash", "slashes"],
)
def test_o20_forms_of_a_path_that_are_read(path):
    assert parse_path(path) == question()


@pytest.mark.parametrize(
    "path",
    ["M", "M===", "MF%2B", "MF-_", "MF MF", "Mé==", "\n", "MFQ=MFQ="],
)
def test_o20_what_is_no_path_is_malformed(path):
    with pytest.raises(Malformed):
        parse(parse_path(path))


def test_o20_long_path_is_refused_before_it_is_decoded():
    with pytest.raises(TooLarge):
        parse_path("M" * 100_000)
