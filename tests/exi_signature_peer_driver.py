"""Runs in the peer's environment: its own security.py signs and verifies, JSON lines in and out.

Elements are chosen and encoded as its EVCC and SECC do it in their states; nothing of Plugward is
here.
"""

import json
import logging
import sys

from cryptography.hazmat.primitives.serialization import load_der_private_key
from iso15118.shared.exi_codec import EXI
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from iso15118.shared.messages.enums import Namespace
from iso15118.shared.messages.iso15118_20.common_types import V2GMessage as V2GMessage20
from iso15118.shared.security import create_signature, verify_signature
from iso15118.shared.settings import load_shared_settings

NAMESPACES = {"-2": Namespace.ISO_V2_MSG_DEF, "-20": Namespace.ISO_V20_COMMON_MSG}


def signed_parts(message):
    """The elements that the peer signs in a message, from where it has them."""
    if isinstance(message, V2GMessage20):
        parts = ["pnc_params", "oem_prov_cert_chain"]
        return [getattr(message, part) for part in parts if getattr(message, part, None)]
    body = message.body.get_message()
    if hasattr(body, "cps_cert_chain"):
        return [
            body.contract_cert_chain,
            body.encrypted_private_key,
            body.dh_public_key,
            body.emaid,
        ]
    if hasattr(body, "sa_schedule_list"):
        tariffs = [each.sales_tariff for each in body.sa_schedule_list.schedule_tuples]
        return [tariff for tariff in tariffs if tariff is not None]
    return [body]


def elements(message, namespace):
    return [(part.id, EXI().to_exi(part, namespace)) for part in signed_parts(message)]


def verify(question):
    namespace = NAMESPACES[question["edition"]]
    message = EXI().from_exi(bytes.fromhex(question["message"]), namespace)
    return verify_signature(
        signature=message.header.signature,
        elements_to_sign=elements(message, namespace),
        leaf_cert=bytes.fromhex(question["certificate"]),
    )


def sign(question):
    namespace = NAMESPACES[question["edition"]]
    message = EXI().from_exi(bytes.fromhex(question["message"]), namespace)
    key = load_der_private_key(bytes.fromhex(question["key"]), None)
    message.header.signature = create_signature(elements(message, namespace), key)
    return EXI().to_exi(message, namespace).hex()


OPERATIONS = {"verify": verify, "sign": sign}


def main():
    logging.disable(logging.CRITICAL)
    load_shared_settings()
    EXI().set_exi_codec(ExificientEXICodec())
    answers = sys.stdout
    sys.stdout = sys.stderr  # the Java gateway talks to standard output
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"ok": OPERATIONS[question["op"]](question)}
        except Exception as error:  # noqa: BLE001 - whatever the peer says is an answer
            answer = {"error": f"{type(error).__name__}: {error}"[:2000]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
