"""The values of status answers that are signed ahead: what is to be signed, and what was."""

from dataclasses import dataclass, field
from datetime import datetime

from pki.authority.entries import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerName:
    """Which answer: about one certificate, asked for by CertIDs of one hash algorithm.

    ``hash_algorithm`` is hashlib's name.
    """

    issuer: str
    serial: int
    hash_algorithm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Presigned:
    """An answer signed ahead. ``head`` is the response without the certificate that ends it.

    ``responder`` is the key id of who signed, whose certificate is to be put after it. ``revision``
    counts the authority's revocations known when the status was read.
    """

    name: AnswerName
    head: bytes = field(repr=False)
    responder: str
    this_update: datetime
    next_update: datetime
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An answer to be signed, with how its certificate stands. It is void after ``not_after``."""

    name: AnswerName
    standing: Standing
    not_after: datetime
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Tasks that are one worker's until the claim ends; ``token`` proves it when it writes."""

    token: int
    tasks: tuple[Task, ...]
