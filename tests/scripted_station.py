"""A charging station that asks at the border between transport and answers.

What it sends and what it is answered must fit the schemas that PyPI ``ocpp`` ships, read by that
package's own validators.
"""

import json

from ocpp.messages import get_validator

from authz.ocpp.protocol import OcppVersion, Station
from authz.ocpp.schemas import MessageKind, validate
from tests.authz_house import TENANT

CALL, CALL_RESULT = 2, 3
VENDOR = "org.openchargealliance.iso15118pnc"


def fits(version, action, kind, payload):
    """Asserts that a payload is what the schema of a stranger's package asks."""
    get_validator(kind, action, version.value.removeprefix("ocpp"), parse_float=float).validate(
        payload
    )


class ScriptedStation:
    """A station of one version at a running house."""

    def __init__(self, house, version=OcppVersion.V201, identity="CS-1", tenant=TENANT):
        self.house = house
        self.station = Station(tenant=tenant, identity=identity, version=version)

    def raw(self, action, octets):
        """The answer to octets as they are."""
        answering = self.house.client.app.state.answers.answering
        return self.house.client.run(answering.answer(self.station, action, octets))

    def ask(self, action, /, **payload):
        """The answer to a call, both held to their schemas."""
        version = self.station.version
        fits(version, action, CALL, payload)
        octets = json.dumps(payload).encode()
        validate(version, action, MessageKind.REQUEST, octets)  # as every transport does
        answer = json.loads(self.raw(action, octets))
        fits(version, action, CALL_RESULT, answer)
        return answer

    def transfer(self, message_id, payload, *, vendor=VENDOR):
        """OCPP 1.6: a message of 2.0.1 in a DataTransfer; its status and its data, unwrapped."""
        data = payload if isinstance(payload, str) else json.dumps(payload)
        answer = self.ask("DataTransfer", vendorId=vendor, messageId=message_id, data=data)
        told = answer.get("data")
        if told is not None:
            assert isinstance(told, str)
            told = json.loads(told)
            fits(OcppVersion.V201, message_id, CALL_RESULT, told)
        return answer["status"], told


def emaid_token(emaid):
    return {"idToken": emaid, "type": "eMAID"}
