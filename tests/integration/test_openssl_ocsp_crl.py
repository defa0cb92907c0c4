"""openssl as a stranger: what its responder answers and its CA publishes, our judges believe."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certs import pem
from certs.keys import KeyKind
from certs.revocation import crl
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp import NonceRule, OcspPolicy, judge_response
from certs.revocation.ocsp_request import decode_request, encode_request, question_for
from certs.revocation.status import Good, Reason, Revoked, Unknown
from tests import evidence
from tests.evidence import HOUR

pytestmark = pytest.mark.needs("openssl")

# openssl hashes for P-521 with SHA-256 unless told; Ed448 hashes by itself.
DIGESTS = {KeyKind.P256: "sha256", KeyKind.P521: "sha512", KeyKind.ED448: None}
VALID, REVOKED, NEVER_ISSUED, HELD = 0x3041, 0x3042, 0x3043, 0x3044
URL = "http://crl.example/mo-sub-2.crl"
CONFIG = """
[ca]
default_ca = mo
[mo]
database = index.txt
certificate = ca.pem
private_key = ca.key
default_md = {digest}
default_crl_days = 1
{more}
[partition]
issuingDistributionPoint = critical, @point
[point]
fullname = URI:{url}
onlyuser = TRUE
[elsewhere]
issuingDistributionPoint = critical, @other
[other]
fullname = URI:http://crl.example/another.crl
[indirect]
issuingDistributionPoint = critical, @many
[many]
indirectCRL = TRUE
[some]
issuingDistributionPoint = critical, @few
[few]
onlysomereasons = keyCompromise
"""


class House:
    """A CA as `openssl ca` keeps it: a folder with keys, certificates and an index."""

    def __init__(self, folder, kind):
        self.folder = folder
        self.digest = DIGESTS[kind]
        self.now = datetime.now(UTC).replace(microsecond=0)
        validity = {"not_before": self.now - 24 * HOUR, "not_after": self.now + 24 * HOUR}
        self.ca = evidence.authority(kind=kind, **validity)
        self.delegate = evidence.delegate(self.ca, kind=kind, **validity)
        self.leaves = {
            serial: evidence.leaf(self.ca, serial, crl_url=URL, **validity)
            for serial in (VALID, REVOKED, NEVER_ISSUED, HELD)
        }
        self.write("ca", self.ca)
        self.write("delegate", self.delegate)
        until = f"{self.now + 24 * HOUR:%y%m%d%H%M%SZ}"
        since = f"{self.now - HOUR:%y%m%d%H%M%SZ}"
        (folder / "index.txt").write_text(
            f"V\t{until}\t\t{VALID:X}\tunknown\t/CN=DE8AAC12345678\n"
            f"R\t{until}\t{since},keyCompromise\t{REVOKED:X}\tunknown\t/CN=DE8AAC12345678\n"
            f"R\t{until}\t{since},certificateHold\t{HELD:X}\tunknown\t/CN=DE8AAC12345678\n"
        )
        (folder / "index.txt.attr").write_text("unique_subject = no\n")

    def write(self, name, holder):
        (self.folder / f"{name}.pem").write_text(pem.encode((holder.certificate,)))
        key = holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / f"{name}.key").write_bytes(key)

    def openssl(self, *arguments):
        run = subprocess.run(
            ["openssl", *arguments], cwd=self.folder, capture_output=True, timeout=30, check=False
        )
        assert run.returncode == 0, run.stderr.decode()
        return run.stdout

    def answer(self, *questions, signer="delegate", digest=None):
        """The response of `openssl ocsp` to our request."""
        (self.folder / "request.der").write_bytes(encode_request(*questions))
        digest = digest or self.digest
        self.openssl(
            *("ocsp", "-index", "index.txt", "-CA", "ca.pem", "-ndays", "1"),
            *(() if digest is None else ("-rmd", digest)),
            *("-rsigner", f"{signer}.pem", "-rkey", f"{signer}.key"),
            *("-reqin", "request.der", "-respout", "response.der"),
        )
        return (self.folder / "response.der").read_bytes()

    def question(self, serial, **odd):
        return question_for(self.leaves[serial], self.ca.certificate, **odd)

    def judge(self, response, question, policy=None):
        return judge_response(
            response,
            question=question,
            issuer=self.ca.certificate,
            now=self.now,
            policy=policy or OcspPolicy(),
            delegate_statuses={},
        )

    def crl(self, *more):
        """What `openssl ca -gencrl` publishes, in DER."""
        config = CONFIG.format(more="\n".join(more), url=URL, digest=self.digest or "default")
        (self.folder / "ca.cnf").write_text(config)
        self.openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "crl.pem")
        return self.openssl("crl", "-in", "crl.pem", "-outform", "DER")

    def judge_crl(self, octets, serial=VALID, **given):
        return crl.judge(
            octets,
            certificate=self.leaves[serial],
            issuer=self.ca.certificate,
            now=self.now + timedelta(seconds=30),
            **given,
        )


@pytest.fixture(scope="module", params=list(DIGESTS), ids=lambda kind: kind.value)
def house(request, tmp_path_factory):
    return House(tmp_path_factory.mktemp("house"), request.param)


@pytest.mark.parametrize("signer", ["ca", "delegate"])
def test_responders_answers_are_believed(house, signer):
    for serial in (VALID, REVOKED, HELD, NEVER_ISSUED):
        question = house.question(serial)
        status = house.judge(house.answer(question, signer=signer), question)
        match serial:
            case 0x3041:
                assert isinstance(status, Good), status
            case 0x3042:
                assert isinstance(status, Revoked), status
                assert status.reason is Reason.KEY_COMPROMISE
                assert status.revoked_at == house.now - HOUR
            case 0x3044:
                assert isinstance(status, Revoked), status
                assert status.reason is Reason.CERTIFICATE_HOLD
            case _:
                assert status == Unknown("revocation.ocsp_status_unknown")


@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
def test_responder_reads_every_hash_algorithm_of_ours(house, algorithm):
    question = house.question(REVOKED, hash_algorithm=algorithm)
    assert isinstance(house.judge(house.answer(question), question), Revoked)


def test_x20_p521_signature_over_sha_256_is_refused(tmp_path):
    house = House(tmp_path, KeyKind.P521)
    question = house.question(VALID)
    status = house.judge(house.answer(question, digest="sha256"), question)
    assert isinstance(status, Unknown)
    assert status.code == "revocation.ocsp_algorithm_not_allowed"


def test_responder_repeats_our_nonce(house):
    question = house.question(VALID, nonce=bytes(range(32)))
    response = house.answer(question)
    demand = OcspPolicy(nonce=NonceRule.DEMAND)
    assert isinstance(house.judge(response, question, demand), Good)
    other = house.question(VALID, nonce=bytes(32))
    assert house.judge(response, other) == Unknown("revocation.ocsp_nonce_mismatch")


def test_responder_answers_four_questions_at_once(house):
    questions = [house.question(serial) for serial in (VALID, REVOKED, NEVER_ISSUED, HELD)]
    response = house.answer(*questions)
    kinds = [type(house.judge(response, question)) for question in questions]
    assert kinds == [Good, Revoked, Unknown, Revoked]


def test_answer_about_another_certificate_is_not_taken(house):
    response = house.answer(house.question(VALID))
    status = house.judge(response, house.question(REVOKED))
    assert status == Unknown("revocation.ocsp_other_certificate")


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
def test_openssls_requests_are_read(house, digest):
    (house.folder / "leaf.pem").write_text(pem.encode((house.leaves[VALID],)))
    house.openssl(
        *("ocsp", "-issuer", "ca.pem", f"-{digest}", "-cert", "leaf.pem"),
        *("-reqout", "asked.der"),
    )
    request = decode_request((house.folder / "asked.der").read_bytes())
    assert request.questions == (
        house.question(VALID, hash_algorithm=HashAlgorithm(digest.upper())),
    )
    assert request.nonce is not None
    assert len(request.nonce) == 16


def test_published_crl_is_believed(house):
    (house.folder / "crlnumber").write_text("0A\n")
    octets = house.crl("crlnumber = crlnumber")
    status = house.judge_crl(octets, number_seen=9)
    assert isinstance(status, Good), status
    assert status.proof.number == 10
    revoked = house.judge_crl(octets, REVOKED)
    assert isinstance(revoked, Revoked)
    assert revoked.reason is Reason.KEY_COMPROMISE
    assert revoked.revoked_at == house.now - HOUR
    assert isinstance(house.judge_crl(octets, HELD), Revoked)
    assert house.judge_crl(octets, number_seen=11) == Unknown(
        "revocation.crl_number_regressed", "10 after 11"
    )


def test_published_crl_of_version_1_is_believed(house):
    octets = house.crl()
    assert isinstance(house.judge_crl(octets, REVOKED), Revoked)
    assert house.judge_crl(octets, number_seen=1) == Unknown("revocation.crl_number_missing")


def test_published_partition_is_believed_within_its_scope(house):
    octets = house.crl("crl_extensions = partition")
    assert isinstance(house.judge_crl(octets), Good)
    assert isinstance(house.judge_crl(octets, REVOKED), Revoked)


@pytest.mark.parametrize(
    ("section", "code"),
    [
        ("elsewhere", "revocation.crl_out_of_scope"),
        ("indirect", "revocation.crl_indirect"),
        ("some", "revocation.crl_reasons_limited"),
    ],
)
def test_published_crl_of_another_scope_is_refused(house, section, code):
    status = house.judge_crl(house.crl(f"crl_extensions = {section}"))
    assert isinstance(status, Unknown)
    assert status.code == code
