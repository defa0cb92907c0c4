"""Keeping contracts, and the certificates that come with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from authz.callers import Caller
from authz.contract import Contract, ContractCertificate
from authz.errors import MalformedQuestion, NotFound
from authz.judgement import sound
from authz.ports import Registry, Trusts
from authz.steady_clock import SteadyClock
from certs import names
from certs.certificate import Certificate
from certs.chain.roles import Use
from certs.chain.verification import edition_of
from certs.errors import Malformed, Refused
from certs.findings.finding import Severity
from certs.identifiers.binding import bind
from certs.identifiers.emaid import EMAID, CheckDigit
from certs.pem import PEM_CHARACTERS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A contract as it is kept, with its certificates."""

    contract: Contract
    certificates: tuple[ContractCertificate, ...]


class Registrar:
    """Keeps the registry of the caller's tenant."""

    def __init__(self, *, registry: Registry, trusts: Trusts, clock: SteadyClock) -> None:
        self._registry = registry
        self._trusts = trusts
        self._clock = clock

    async def show(self, caller: Caller, emaid: EMAID) -> Kept:
        """A contract; NotFound where the caller's tenant has none of this eMAID."""
        contract = await self._registry.find(caller.tenant, emaid)
        if contract is None:
            raise _no_contract()
        certificates = await self._registry.certificates_of(caller.tenant, emaid)
        return Kept(contract=contract, certificates=certificates)

    async def put(
        self, caller: Caller, contract: Contract, *, chain_pem: str | None = None
    ) -> tuple[Kept, bool]:
        """Keeps a contract as given, and whether it is new.

        Certificates known already stay. A chain is kept when it leads to an anchor of the tenant
        and names this contract, else Refused with the findings: its time may be over, so that the
        answer to its hashes is that it expired.
        """
        return await self._keep(caller, contract.emaid, lambda _: contract, chain_pem)

    async def change(
        self,
        caller: Caller,
        emaid: EMAID,
        change: Callable[[Contract], Contract],
        *,
        chain_pem: str | None = None,
    ) -> Kept:
        """Changes a contract; NotFound where there is none.

        ``change`` sees the contract as it stands in the transaction that keeps what it returns,
        so that two changes at once are both made.
        """

        def changed(contract: Contract | None) -> Contract:
            if contract is None:
                raise _no_contract()
            return change(contract)

        kept, _ = await self._keep(caller, emaid, changed, chain_pem)
        return kept

    async def _keep(
        self,
        caller: Caller,
        emaid: EMAID,
        make: Callable[[Contract | None], Contract],
        chain_pem: str | None,
    ) -> tuple[Kept, bool]:
        now = self._clock.moment()
        path: tuple[Certificate, ...] = ()
        if chain_pem is not None:
            path = await self._path(caller, emaid, chain_pem, now)
        created = await self._registry.put(caller.tenant, emaid, make, path=path, now=now)
        return await self.show(caller, emaid), created

    async def put_all(self, caller: Caller, wanted: Sequence[tuple[Contract, str | None]]) -> int:
        """Keeps contracts with their chains, all or none; how many are new.

        Refused for the first chain that ``put`` would refuse, with the number of its line.
        """
        now = self._clock.moment()
        found: list[tuple[Contract, tuple[Certificate, ...]]] = []
        for number, (contract, chain_pem) in enumerate(wanted, start=1):
            path: tuple[Certificate, ...] = ()
            if chain_pem is not None:
                try:
                    path = await self._path(caller, contract.emaid, chain_pem, now)
                except Refused as refused:
                    detail = f"line {number}: {refused.detail}"
                    raise Refused(refused.code, detail, refused.findings) from refused
                except Malformed as bad:
                    raise MalformedQuestion(f"line {number}: {bad.detail}") from bad
            found.append((contract, path))
        return await self._registry.put_all(caller.tenant, found, now=now)

    async def delete(self, caller: Caller, emaid: EMAID) -> None:
        """Forgets a contract; NotFound where there is none."""
        await self._registry.delete(caller.tenant, emaid)

    async def _path(
        self, caller: Caller, emaid: EMAID, chain_pem: str, now: datetime
    ) -> tuple[Certificate, ...]:
        trust = await self._trusts.trust(caller.tenant, generation=caller.generation)
        verdict = trust.verifier.verify_pem(
            chain_pem, use=Use.CONTRACT, now=now, characters_max=PEM_CHARACTERS_MAX
        )
        if not sound(verdict):
            raise Refused("contract.chain_refused", "the chain does not verify", verdict.findings)
        leaf = verdict.path[0]
        binding = bind(
            names.values(leaf.subject, names.COMMON_NAME),
            presented=emaid,
            check_digit=CheckDigit.OFF,
            edition=edition_of(leaf),
        )
        errors = tuple(f for f in binding.findings if f.severity is Severity.ERROR)
        if errors:
            raise Refused("contract.chain_refused", "the chain names another contract", errors)
        return verdict.path


def _no_contract() -> NotFound:
    return NotFound("contract.not_found", "no contract of this eMAID")
