"""A certificate provisioning service behind a door: OCPP's Get15118EVCertificate as JSON."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from ev_emulator.stand_in.provisioning import ProvisioningService
from exi.errors import Malformed

DOOR = "/v1/contract-certificates"
EXI_CHARACTERS_MAX = 11_000  # OCPP 2.1's exiRequest; 2.0.1 has 5,600


class Wanted(BaseModel):
    """Get15118EVCertificateRequest."""

    iso15118SchemaVersion: Annotated[str, Field(max_length=50)]  # noqa: N815 - OCPP's name
    action: Annotated[str, Field(max_length=20)]
    exiRequest: Annotated[str, Field(max_length=EXI_CHARACTERS_MAX)]  # noqa: N815 - OCPP's name


def create_app(service: ProvisioningService, *, clock: Callable[[], datetime]) -> FastAPI:
    """The service's one door."""
    app = FastAPI(title="contract certificate provisioning")

    @app.post(DOOR)
    async def provide(wanted: Wanted) -> dict[str, str]:
        try:
            response = service.answer(b64decode(wanted.exiRequest, validate=True), now=clock())
        except (Malformed, ValueError) as bad:
            raise HTTPException(400, "no request in EXI") from bad
        return {"status": "Accepted", "exiResponse": b64encode(response).decode()}

    return app
