"""Putting the answers to stations together: a handler for every handling."""

from collections.abc import Callable
from datetime import datetime

from authz.actions.answering import Actions
from authz.actions.asked import Handler
from authz.actions.authorizing import Authorizing
from authz.actions.catalogue import Handling
from authz.actions.data_transfer import DataTransfer
from authz.actions.grants import Grants
from authz.actions.staying import Staying
from authz.actions.transactions import TransactionLedger
from authz.ports import Tenants, Transactions
from authz.service import Authorizer


def assemble(
    *,
    authorizer: Authorizer,
    tenants: Tenants,
    transactions: Transactions,
    clock: Callable[[], datetime],
    heartbeat_seconds: int,
) -> Actions:
    """The answers of a house."""
    grants = Grants()
    authorizing = Authorizing(authorizer=authorizer, tenants=tenants, grants=grants)
    ledger = TransactionLedger(
        transactions=transactions, authorizing=authorizing, grants=grants, clock=clock
    )
    handlers = dict[Handling, Handler]()
    handlers |= authorizing.handlers
    handlers |= ledger.handlers
    handlers |= Staying(clock=clock, heartbeat_seconds=heartbeat_seconds).handlers
    handlers[Handling.DATA_TRANSFER] = DataTransfer(handlers).transfer
    return Actions(handlers)
