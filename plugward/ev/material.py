"""Certificates and keys for vehicles and chargers, from the directory of a world."""

from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certs import pem
from certs.chain.anchors import Anchor, AnchorSet
from certs.chain.roles import Purpose
from certs.hierarchy import World
from certs.profiles.rules import Role
from ev_emulator.network.tls import TlsIdentity
from ev_emulator.vehicle.wallet import Contract, ProvisioningIdentity, Wallet, contract
from plugward import home as homes
from plugward import inputs
from plugward.errors import Complaint
from plugward.home import Home

_LEAVES = (Role.SECC, Role.OEM_PROVISIONING)


def anchors(home: Home) -> AnchorSet:
    """The V2G roots of a world's directory; what its operator's stations log in by is none."""
    made = []
    for purpose in (Purpose.V2G, Purpose.MO, Purpose.OEM):
        file = home.anchors / f"{purpose.value}-root.pem"
        if file.exists():
            roots = inputs.certificates(str(file))
            made += [Anchor(certificate=root, purpose=purpose) for root in roots]
    if not made:
        raise Complaint(f"{home.directory}: no anchors there", hint="plugward init")
    return AnchorSet(made)


def key(file: Path) -> ec.EllipticCurvePrivateKey:
    """A P-256 private key in PKCS #8, not encrypted; a complaint for anything else."""
    try:
        read = load_pem_private_key(inputs.read(str(file)), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as bad:
        raise Complaint(f"{file}: no private key in PEM without a passphrase") from bad
    if not isinstance(read, ec.EllipticCurvePrivateKey) or read.curve.key_size != 256:
        raise Complaint(f"{file}: no P-256 key, which ISO 15118-2 asks for")
    return read


def contract_of(stem: Path) -> Contract:
    """A contract of STEM.pem and STEM.key."""
    chain = inputs.certificates(str(stem.with_suffix(".pem")))
    return contract(chain, key(stem.with_suffix(".key")))


def wallet(home: Home, *, contracts: Sequence[Path]) -> Wallet:
    """A vehicle of a world's directory, with these contracts."""
    stem = home.leaves / Role.OEM_PROVISIONING.value
    provisioning = None
    if stem.with_suffix(".pem").exists():
        chain = inputs.certificates(str(stem.with_suffix(".pem")))
        provisioning = ProvisioningIdentity(chain=chain, private_key=key(stem.with_suffix(".key")))
    return Wallet(
        anchors=anchors(home),
        provisioning=provisioning,
        contracts=[contract_of(each) for each in contracts],
    )


def first_contract(home: Home) -> Path:
    """The stem of a world's first contract; a complaint where there is none."""
    found = sorted(home.leaves.glob("contract-*.pem"))
    if not found:
        raise Complaint(f"{home.leaves}: no contract there", hint="--without-contract")
    return found[0].with_suffix("")


def charger_identity(home: Home) -> TlsIdentity:
    """A world's charger."""
    stem = home.leaves / Role.SECC.value
    return TlsIdentity(
        chain=inputs.certificates(str(stem.with_suffix(".pem"))),
        private_key=key(stem.with_suffix(".key")),
    )


def keep(directory: Path, kept: Contract) -> Path:
    """Write a contract down, as a world's directory has them; the stem of its files."""
    stem = directory / f"contract-{kept.emaid}-{kept.leaf.serial:x}"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    homes.write(stem.with_suffix(".pem"), pem.encode(kept.chain))
    homes.write_key(stem.with_suffix(".key"), kept.private_key)
    return stem


def write_world(home: Home, world: World) -> None:
    """A fresh world's anchors, charger, vehicle and first contract, for others to plug in with."""
    home.anchors.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.leaves.mkdir(mode=0o700, parents=True, exist_ok=True)
    for anchor in world.anchors().anchors:
        homes.write_certificates(
            home.anchors / f"{anchor.purpose.value}-root.pem", anchor.certificate
        )
    contracts = [(f"contract-{world[Role.CONTRACT].certificate.common_name}", Role.CONTRACT)]
    for name, role in [(role.value, role) for role in _LEAVES] + contracts:
        identity = world[role]
        homes.write_certificates((home.leaves / name).with_suffix(".pem"), *identity.chain)
        if identity.private_key is not None:
            homes.write_key((home.leaves / name).with_suffix(".key"), identity.private_key)
