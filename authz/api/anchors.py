"""/v1/anchors: the roots that the caller's tenant trusts."""

from typing import Annotated

import msgspec
from fastapi import FastAPI, Request, Response
from msgspec import Meta

from authz.api import bodies
from authz.api.answers import json_answer, no_content
from authz.api.callers import Doorkeeper
from authz.callers import Scope
from authz.errors import MalformedQuestion, NotFound
from authz.ports import Trusts
from authz.steady_clock import SteadyClock
from authz.strict_json import decode
from certs import names, pem
from certs.chain.anchors import DEFAULT_TOLERANCES, Anchor
from certs.chain.roles import Purpose, Use

PATH = "/v1/anchors"
ONE = "/v1/anchors/{fingerprint}"

FINGERPRINT_OCTETS = 32
SUB_CA_ROLES_MAX = 256


class AnchorBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A root and what it is trusted for.

    ``certificate`` is one certificate in PEM. ``tolerances`` are the finding codes that chains
    below it are forgiven. ``subCaRoles`` says, by SHA-256 fingerprint, what a sub-CA below it is
    for where its own certificate does not.
    """

    certificate: Annotated[str, Meta(max_length=pem.PEM_CHARACTERS_MAX)]
    purpose: Purpose
    tolerances: list[str] | None = None
    sub_ca_roles: Annotated[dict[str, Use], Meta(max_length=SUB_CA_ROLES_MAX)] = {}


class AnchorDocument(msgspec.Struct, kw_only=True, rename="camel"):
    """A root as it is trusted."""

    fingerprint: str
    purpose: Purpose
    subject: str
    not_before: str
    not_after: str
    tolerances: list[str]
    sub_ca_roles: dict[str, Use]


class AnchorList(msgspec.Struct, kw_only=True):
    """All roots of a tenant, oldest first."""

    anchors: list[AnchorDocument]


def install(app: FastAPI, doorkeeper: Doorkeeper, trusts: Trusts, clock: SteadyClock) -> None:
    """Opens the doors."""

    async def list_all(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        anchors = await trusts.anchors(caller.tenant)
        return json_answer(AnchorList(anchors=[_document(anchor) for anchor in anchors]))

    async def show(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        fingerprint = _fingerprint(request.path_params["fingerprint"])
        anchors = [
            _document(anchor)
            for anchor in await trusts.anchors(caller.tenant)
            if anchor.certificate.fingerprint == fingerprint
        ]
        if not anchors:
            raise NotFound("anchor.not_found", "no anchor has this fingerprint")
        return json_answer(AnchorList(anchors=anchors))

    async def put(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        body = decode(await bodies.read_managed(request), AnchorBody)
        anchor = _anchor(body)
        if anchor.certificate.fingerprint != _fingerprint(request.path_params["fingerprint"]):
            raise MalformedQuestion("the path names another certificate's fingerprint")
        created = await trusts.add_anchor(caller.tenant, anchor, now=clock.moment())
        return json_answer(_document(anchor), status=201 if created else 200)

    async def delete(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        await trusts.delete_anchor(caller.tenant, _fingerprint(request.path_params["fingerprint"]))
        return no_content()

    app.add_api_route(PATH, list_all, methods=["GET"], operation_id="listAnchors")
    app.add_api_route(ONE, show, methods=["GET"], operation_id="showAnchor")
    app.add_api_route(ONE, put, methods=["PUT"], operation_id="putAnchor")
    app.add_api_route(ONE, delete, methods=["DELETE"], operation_id="deleteAnchor")


def _fingerprint(text: str) -> bytes:
    """SHA-256 in hexadecimal, also as openssl prints it: ``AB:CD:…``."""
    try:
        octets = bytes.fromhex(text.replace(":", ""))
    except ValueError as bad:
        raise MalformedQuestion("a fingerprint is hexadecimal") from bad
    if len(octets) != FINGERPRINT_OCTETS:
        raise MalformedQuestion(f"a fingerprint has {2 * FINGERPRINT_OCTETS} digits (SHA-256)")
    return octets


def _anchor(body: AnchorBody) -> Anchor:
    certificates = pem.parse_chain(body.certificate)
    if len(certificates) != 1:
        raise MalformedQuestion("an anchor is one certificate")
    return Anchor(
        certificate=certificates[0],
        purpose=body.purpose,
        tolerances=DEFAULT_TOLERANCES if body.tolerances is None else frozenset(body.tolerances),
        sub_ca_roles={_fingerprint(key): use for key, use in body.sub_ca_roles.items()},
    )


def _document(anchor: Anchor) -> AnchorDocument:
    certificate = anchor.certificate
    return AnchorDocument(
        fingerprint=certificate.fingerprint.hex(),
        purpose=anchor.purpose,
        subject=names.text(certificate.subject),
        not_before=certificate.not_before.isoformat(),
        not_after=certificate.not_after.isoformat(),
        tolerances=sorted(anchor.tolerances),
        sub_ca_roles={key.hex(): use for key, use in anchor.sub_ca_roles.items()},
    )
