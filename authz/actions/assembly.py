"""Putting the answers to stations together: a handler for every handling."""

from collections.abc import Callable
from datetime import datetime

from authz.actions.answering import Actions
from authz.actions.asked import Handler
from authz.actions.authorizing import Authorizing
from authz.actions.catalogue import Handling
from authz.actions.certificate_status import CertificateStatuses
from authz.actions.contract_certificates import ContractCertificates
from authz.actions.data_transfer import DataTransfer
from authz.actions.grants import Grants
from authz.actions.signing import SigningDesk
from authz.actions.staying import Staying
from authz.actions.transactions import TransactionLedger
from authz.decision import Decision
from authz.ports import (
    Authorities,
    ContractAnswers,
    ContractService,
    StatusAnswers,
    Tenants,
    Transactions,
)
from authz.service import Authorizer


def assemble(
    *,
    authorizer: Authorizer,
    tenants: Tenants,
    transactions: Transactions,
    contract_service: ContractService | None,
    contract_answers: ContractAnswers,
    authorities: Authorities,
    statuses: StatusAnswers,
    desk: SigningDesk,
    counted: Callable[[Decision, float], None],
    clock: Callable[[], datetime],
    heartbeat_seconds: int,
) -> Actions:
    """The answers of a house."""
    grants = Grants()
    authorizing = Authorizing(
        authorizer=authorizer, tenants=tenants, grants=grants, counted=counted
    )
    ledger = TransactionLedger(
        transactions=transactions, authorizing=authorizing, grants=grants, clock=clock
    )
    handlers = dict[Handling, Handler]()
    handlers |= authorizing.handlers
    handlers |= ledger.handlers
    handlers |= Staying(clock=clock, heartbeat_seconds=heartbeat_seconds).handlers
    handlers |= CertificateStatuses(authorities=authorities, answers=statuses, clock=clock).handlers
    handlers[Handling.CONTRACT_CERTIFICATE] = ContractCertificates(
        service=contract_service, answers=contract_answers, clock=clock
    ).answer
    handlers[Handling.SIGN] = desk.answer
    handlers[Handling.DATA_TRANSFER] = DataTransfer(handlers).transfer
    return Actions(handlers)
