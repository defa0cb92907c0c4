"""What a vehicle carries: contracts and their keys, its provisioning identity, roots it trusts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from certs.certificate import Certificate
from certs.chain.anchors import AnchorSet
from certs.errors import MalformedIdentifier
from certs.identifiers.emaid import EMAID
from certs.keys import PrivateKey, SoftwareSigner


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A contract: its chain (leaf first, root excluded) and the leaf's private key."""

    emaid: EMAID
    chain: tuple[Certificate, ...]
    private_key: PrivateKey = field(repr=False, compare=False)

    @property
    def leaf(self) -> Certificate:
        return self.chain[0]

    @property
    def signer(self) -> SoftwareSigner:
        """The door to its key."""
        return SoftwareSigner(self.private_key)

    @property
    def tariff_issuer(self) -> Certificate | None:
        """The MO Sub-CA 2 above it, whose key signs tariffs."""
        return self.chain[1] if len(self.chain) > 1 else None

    def valid_at(self, now: datetime) -> bool:
        """Whether every certificate of the chain is within its time."""
        return all(each.not_before <= now <= each.not_after for each in self.chain)


def contract(chain: tuple[Certificate, ...], private_key: PrivateKey) -> Contract:
    """A contract whose eMAID is its leaf's common name; MalformedIdentifier where it is none."""
    name = chain[0].common_name
    if name is None:
        raise MalformedIdentifier("the contract certificate has no common name")
    return Contract(emaid=EMAID.parse(name), chain=chain, private_key=private_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningIdentity:
    """What the vehicle's maker gave it: the OEM provisioning chain, and the leaf's private key.

    ISO 15118-2 shows the leaf alone; its key opens sealed contract keys, so it cannot be a mere
    signer.
    """

    chain: tuple[Certificate, ...]
    private_key: ec.EllipticCurvePrivateKey = field(repr=False, compare=False)

    @property
    def leaf(self) -> Certificate:
        return self.chain[0]

    @property
    def signer(self) -> SoftwareSigner:
        """The door to its key."""
        return SoftwareSigner(self.private_key)


class Wallet:
    """A vehicle's memory of certificates; mutable, for contracts come and go.

    ``anchors`` are the roots it trusts: V2G for chargers and the provisioning service, MO where it
    wants to check contracts it is given.
    """

    def __init__(
        self,
        *,
        anchors: AnchorSet,
        provisioning: ProvisioningIdentity | None = None,
        contracts: Iterable[Contract] = (),
    ) -> None:
        self.anchors = anchors
        self.provisioning = provisioning
        self._contracts = list(contracts)

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """The contracts, the latest stored last."""
        return tuple(self._contracts)

    def usable(self, now: datetime) -> Contract | None:
        """The latest contract that is within its time."""
        return next((each for each in reversed(self._contracts) if each.valid_at(now)), None)

    def latest(self) -> Contract | None:
        """The latest contract, within its time or not."""
        return self._contracts[-1] if self._contracts else None

    def store(self, contract: Contract) -> None:
        """Keep a contract; an older one of the same eMAID is replaced."""
        self._contracts = [each for each in self._contracts if each.emaid != contract.emaid]
        self._contracts.append(contract)
