"""Security profiles 2 and 3 over real TLS, and connections that want to be held open."""

import asyncio
import socket
import ssl
import subprocess
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import monotonic

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.exceptions import InvalidStatus

from certs import pem
from certs.profiles.rules import Role
from plugward import connections, tls
from plugward.errors import Complaint
from plugward.tls import TlsFiles, context_of
from tests.authz_house import TENANT, house
from tests.stations import PASSWORDS, call, served
from tests.world import NOW, valid_world

SECC = valid_world()[Role.SECC]
IDENTITY = SECC.certificate.common_name


def key_pem(identity) -> str:
    key = identity.private_key
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def openssl(*words, cwd):
    subprocess.run(["openssl", *words], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """What openssl makes for a server on localhost: RSA, because an operator's may be."""
    folder = tmp_path_factory.mktemp("tls")
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-keyout", "key.pem", "-out", "cert.pem", *name),
        cwd=folder,
    )
    roots = [valid_world()[role].certificate for role in (Role.V2G_ROOT, Role.MO_ROOT)]
    (folder / "ca.pem").write_text(pem.encode(roots))
    return folder


@contextmanager
def over_tls(tmp_path, files, *, client=True, **given):
    context = context_of(
        TlsFiles(
            chain=str(files / "cert.pem"),
            key=str(files / "key.pem"),
            client_authorities=str(files / "ca.pem") if client else None,
        )
    )
    with house(tmp_path, **given) as h, served(h, tls=context) as s:
        h.trust(h.world[Role.V2G_ROOT], "v2g")
        yield s


@pytest.fixture(scope="module")
def s(tmp_path_factory, files):
    with over_tls(tmp_path_factory.mktemp("house"), files) as one:
        one.register(profile=2)
        one.register(IDENTITY, profile=3, password=None)
        yield one


def client_context(files, identity=None, tmp_path=None, **limits):
    context = ssl.create_default_context(cafile=files / "cert.pem")
    if identity is not None:
        file = tmp_path / "client.pem"
        file.write_text(key_pem(identity) + identity.pem)
        context.load_cert_chain(file)
    for name, value in limits.items():
        setattr(context, name, value)
    return context


def heartbeat(s, identity="CS-1", **how):
    """What a station is answered, or the HTTP status of its refusal."""

    async def story():
        try:
            async with s.connect(identity, **how) as socket:
                return (await call(socket, "Heartbeat", {}))[0]
        except InvalidStatus as declined:
            return declined.response.status_code

    return asyncio.run(story())


# Profiles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda version: version.name
)
def test_profile_2_is_a_password_over_tls(s, files, version):
    context = client_context(files, minimum_version=version, maximum_version=version)
    assert heartbeat(s, ssl=context) == 3
    assert heartbeat(s, ssl=context, password="the-wrong-password-1") == 401


def test_the_rest_of_the_doors_speak_tls_too(s):
    told = s.manage("GET", "/v1/stations/CS-1").json()
    assert told["securityProfile"] == 2


def test_large_messages_pass_both_ways(s, files):
    async def story():
        async with s.connect(ssl=client_context(files)) as socket:
            filler = "x" * 60_000
            custom = {"vendorId": "v", "filler": filler}
            for number in range(20):
                told = await call(socket, "Heartbeat", {"customData": custom}, str(number))
                assert told[:2] == [3, str(number)]

    asyncio.run(story())
    assert len(s.manage("GET", "/openapi.json").content) > 16_384  # more than one record


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_profile_3_is_a_certificate(s, files, tmp_path, version):
    context = client_context(
        files, SECC, tmp_path, minimum_version=version, maximum_version=version
    )
    assert heartbeat(s, IDENTITY, password=None, ssl=context) == 3


def test_profile_3_without_a_certificate_stays_outside(s, files):
    assert heartbeat(s, IDENTITY, password=None, ssl=client_context(files)) == 401
    assert heartbeat(s, IDENTITY, ssl=client_context(files)) == 401


def test_a_certificate_is_no_password(s, files, tmp_path):
    assert heartbeat(s, password=None, ssl=client_context(files, SECC, tmp_path)) == 401


def test_k16_certificates_of_other_roles_stay_outside(s, files, tmp_path):
    world = s.house.world
    for role in (Role.CONTRACT, Role.CPS, Role.CPO_SUB_2, Role.OEM_PROVISIONING):
        identity = world[role]
        name = f"CS-{role.value}"
        common_name = identity.certificate.common_name
        s.register(name, profile=3, password=None, certificateCommonName=common_name)
        context = client_context(files, identity, tmp_path)
        assert heartbeat(s, name, password=None, ssl=context) == 401, role
    assert 'reason="certificate_refused"' in s.metrics()


def test_a_station_s_certificate_is_its_own_alone(s, files, tmp_path):
    s.register("CS-other", profile=3, password=None)
    context = client_context(files, SECC, tmp_path)
    assert heartbeat(s, "CS-other", password=None, ssl=context) == 401
    s.register("CS-other", profile=3, password=None, certificateCommonName=IDENTITY)
    assert heartbeat(s, "CS-other", password=None, ssl=context) == 3


def test_without_client_authorities_nobody_is_asked_for_a_certificate(tmp_path, files):
    with over_tls(tmp_path, files, client=False) as s:
        s.register(IDENTITY, profile=3, password=None)
        context = client_context(files, SECC, tmp_path)
        assert heartbeat(s, IDENTITY, password=None, ssl=context) == 401


def test_k17_a_revoked_certificate_does_not_come_back(tmp_path, files):
    with over_tls(tmp_path, files) as s:
        s.register(IDENTITY, profile=3, password=None)
        context = client_context(files, SECC, tmp_path)
        assert heartbeat(s, IDENTITY, password=None, ssl=context) == 3
        s.house.responder.revoke(SECC)
        s.house.clock.move(timedelta(hours=2))  # what was proved is out of date
        assert heartbeat(s, IDENTITY, password=None, ssl=context) == 401
        assert 'reason="certificate_revoked"' in s.metrics()


def test_an_expired_certificate_stays_outside(tmp_path, files):
    with over_tls(tmp_path, files) as s:
        s.register(IDENTITY, profile=3, password=None)
        s.house.clock.now = SECC.certificate.not_after + timedelta(seconds=1)
        context = client_context(files, SECC, tmp_path)
        context.check_hostname = True
        assert heartbeat(s, IDENTITY, password=None, ssl=context) == 401


@pytest.mark.parametrize(("mode", "outcome"), [("hard", 401), ("soft", 3)])
def test_a_status_that_nobody_tells_is_the_operator_s_choice(tmp_path, files, mode, outcome):
    with over_tls(tmp_path, files, station_revocation=mode, revocation_sources=[]) as s:
        s.register(IDENTITY, profile=3, password=None)
        context = client_context(files, SECC, tmp_path)
        assert heartbeat(s, IDENTITY, password=None, ssl=context) == outcome


def test_an_operator_s_own_station_certificates(tmp_path, files):
    """A CSMS root of the operator's, and a leaf by openssl with no V2G role in its name."""
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    openssl(
        *("req", "-x509", *ec, "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Own root"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        cwd=tmp_path,
    )
    for name in ("Serial 0001", "Serial 0002"):
        openssl(
            *("req", *ec, "-keyout", f"{name}.key", "-out", "csr.pem", "-subj", f"/CN={name}"),
            cwd=tmp_path,
        )
        (tmp_path / "ext").write_text(
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
            "extendedKeyUsage=clientAuth\nauthorityKeyIdentifier=keyid\n"
        )
        openssl(
            *("x509", "-req", "-in", "csr.pem", "-CA", "root.pem", "-CAkey", "root.key"),
            *("-out", f"{name}.pem", "-days", "10", "-extfile", "ext"),
            cwd=tmp_path,
        )
    root = pem.parse_chain((tmp_path / "root.pem").read_bytes())[0]
    with over_tls(tmp_path, files, station_revocation="soft") as s:
        s.house.clock.now = root.not_before + timedelta(hours=1)
        s.register(profile=3, password=None, certificateCommonName="Serial 0001")

        def knock(name):
            context = client_context(files)
            context.load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
            return heartbeat(s, password=None, ssl=context)

        assert knock("Serial 0001") == 401  # nobody trusts this root
        body = {
            "certificate": (tmp_path / "root.pem").read_text(),
            "purpose": "csms",
            "tolerances": ["chain.domain_component_missing"],
        }
        path = f"/v1/anchors/{root.fingerprint.hex()}"
        answer = s.manage("PUT", path, json=body)
        assert answer.status_code == 201, answer.text
        assert knock("Serial 0001") == 3
        assert knock("Serial 0002") == 401


# TLS itself --------------------------------------------------------------------------------------


def s_client(s, *words, line=b""):
    host = s.url.removeprefix("https://")
    done = subprocess.run(
        ["openssl", "s_client", "-connect", host, "-servername", "localhost", *words],
        input=line,
        capture_output=True,
        timeout=15,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


@pytest.mark.needs("openssl")
def test_k15_older_than_tls_1_2_is_refused(s):
    for old in ("-tls1", "-tls1_1"):
        status, told = s_client(s, old, "-cipher", "ALL:@SECLEVEL=0")
        assert status != 0
        assert "Cipher is (NONE)" in told or "no protocols available" in told


@pytest.mark.needs("openssl")
@pytest.mark.parametrize(
    ("words", "suite"),
    [
        (["-tls1_2"], "ECDHE-RSA-AES128-GCM-SHA256"),
        (["-tls1_2", "-cipher", "AES256-GCM-SHA384"], "AES256-GCM-SHA384"),
        (["-tls1_3"], "TLS_AES_256_GCM_SHA384"),
    ],
)
def test_a_stranger_s_handshake_has_the_standard_s_suites(s, words, suite):
    status, told = s_client(s, *words)
    assert status == 0
    assert suite in told
    assert "V2G Root CA" in told  # the names that clients are told


@pytest.mark.needs("openssl")
def test_weak_suites_are_refused(s):
    status, told = s_client(s, "-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0")
    assert status != 0
    assert "Cipher is (NONE)" in told


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_k17_no_session_is_resumed(s, version, tmp_path):
    session = str(tmp_path / "session")
    asked = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    s_client(s, version, "-sess_out", session, "-ign_eof", line=asked)
    if not (tmp_path / "session").exists():  # none was offered
        return
    _, told = s_client(s, version, "-sess_in", session, "-ign_eof", line=asked)
    assert "200 OK" in told
    assert "Reused" not in told


@pytest.mark.needs("openssl")
def test_a_stranger_speaks_mutual_tls(s, tmp_path):
    (tmp_path / "client.pem").write_text(key_pem(SECC) + SECC.pem)
    lines = [
        f"GET /ocpp/{TENANT}/{IDENTITY} HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: ocpp2.0.1",
    ]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    client = str(tmp_path / "client.pem")
    words = ["-cert", client, "-cert_chain", client, "-key", client]
    assert first_line(s, *words, line=head) == b"HTTP/1.1 101 Switching Protocols"
    assert first_line(s, line=head) == b"HTTP/1.1 401 Unauthorized"


def first_line(s, *words, line) -> bytes:
    """What s_client is answered first, while it holds the connection open."""
    host = s.url.removeprefix("https://")
    with subprocess.Popen(
        ["openssl", "s_client", "-connect", host, "-quiet", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as client:
        client.stdin.write(line)
        client.stdin.flush()
        told = client.stdout.readline()
        client.kill()
        return told.rstrip()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"chain": "nothing.pem"}, "nothing.pem"),
        ({"chain": "key.pem"}, "no PEM certificates"),
        ({"key": "cert.pem"}, "not the unencrypted PEM key"),
        ({"key": "other.key"}, "not the unencrypted PEM key"),
        ({"key": "locked.key"}, "not the unencrypted PEM key"),
        ({"client_authorities": "key.pem"}, "no PEM certificates"),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_files_that_do_not_fit_are_named(files, names, said):
    openssl("genrsa", "-out", "other.key", "2048", cwd=files)
    openssl(
        *("rsa", "-in", "key.pem", "-aes128", "-passout", "pass:locked", "-out", "locked.key"),
        cwd=files,
    )
    given = {"chain": "cert.pem", "key": "key.pem"} | names
    with pytest.raises(Complaint) as complaint:
        context_of(TlsFiles(**{name: str(files / file) for name, file in given.items()}))
    assert said in str(complaint.value)


def test_serve_wants_both_files_or_none(capsys, tmp_path, files):
    from plugward.cli import main

    settings = tmp_path / "authz.toml"
    settings.write_text(f"database_url = 'sqlite:///{tmp_path}/authz.db'\n")
    argv = ["serve", "authz", "--authz-settings", str(settings), "--authz-port", "0"]
    assert main([*argv, "--tls-certificate", str(files / "cert.pem")]) == 2
    assert "TLS needs a certificate and its key" in capsys.readouterr().err


# Patience ----------------------------------------------------------------------------------------


def dropped_within(s, start, drip=b"", *, seconds=20.0) -> tuple[bytes, float]:
    """What is said to somebody who goes on dripping, and after how long they are let go."""
    host, port = s.url.split("//")[1].split(":")
    began, said = monotonic(), b""
    with socket.create_connection((host, int(port)), timeout=seconds) as raw:
        raw.sendall(start)
        raw.settimeout(0.1)
        while monotonic() - began < seconds:
            try:
                octets = raw.recv(4096)
            except TimeoutError:
                with suppress(OSError):
                    raw.sendall(drip)
                continue
            except OSError:
                octets = b""
            if not octets:
                return said, monotonic() - began
            said += octets
    pytest.fail("never let go")


@pytest.fixture
def hasty(tmp_path, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS_MAX", 0.6)
    monkeypatch.setattr(connections, "BODY_SECONDS_MAX", 0.6)
    monkeypatch.setattr(tls, "HANDSHAKE_SECONDS_MAX", 0.6)
    with house(tmp_path) as h, served(h) as s:
        yield s


POST = b"POST /v1/authorize HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "drip"),
    [
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"G", b""),
        (POST + b"X-Slow: ", b"a"),
        (POST + b"Content-Length: 1000\r\nAuthorization: Bearer x\r\n\r\n", b"a"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (LIVEZ, b"\r\n"),
        (LIVEZ + b"GET /livez HTTP/1.1\r\nX: ", b"a"),
    ],
    ids=["silent", "lines", "one", "head", "body", "chunks", "after", "next"],
)
def test_h07_who_drips_is_let_go(hasty, start, drip):
    dropped_within(hasty, start, drip)


def test_h07_a_handshake_that_drips_is_let_go(tmp_path, files, monkeypatch):
    monkeypatch.setattr(tls, "HANDSHAKE_SECONDS_MAX", 0.6)
    with over_tls(tmp_path, files) as s:
        said, _ = dropped_within(s, bytes.fromhex("1603010200"))
        assert said == b""
        dropped_within(s, b"GET / HTTP/1.1\r\n\r\n")  # no TLS at all


@pytest.mark.parametrize(
    "head",
    [
        b"GET /livez HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET /livez HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"y" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["many", "long", "url"],
)
def test_h14_heads_have_a_size(hasty, head):
    said, _ = dropped_within(hasty, head)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert b"200 OK" not in said


def test_h06_a_request_in_two_lengths_is_refused(hasty):
    both = POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    said, _ = dropped_within(hasty, both)
    assert said.startswith(b"HTTP/1.1 400 ")


def test_who_is_quick_keeps_the_connection(hasty):
    host, port = hasty.url.split("//")[1].split(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        for _ in range(3):
            raw.sendall(LIVEZ)
            assert raw.recv(4096).startswith(b"HTTP/1.1 200")


def test_h07_who_does_not_take_the_answer_is_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr(connections, "TAKING_SECONDS_MAX", 0.5)
    with house(tmp_path) as h, served(h) as s, socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        raw.settimeout(30)
        host, port = s.url.split("//")[1].split(":")
        raw.connect((host, int(port)))
        raw.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 400)  # some 15 MB of answers
        with pytest.raises(OSError, match=r"reset|pipe"):
            drip_for(raw, seconds=30)


def drip_for(raw, *, seconds):
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        raw.send(b"\r\n")


def test_now_is_the_world_s_own():
    assert SECC.certificate.not_before <= NOW <= SECC.certificate.not_after
    assert PASSWORDS[0] != PASSWORDS[1]
