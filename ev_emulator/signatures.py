"""Signatures of whole ISO 15118-2 messages, with the keys of certs."""

from certs.keys import PublicKey, Signer
from certs.raw_signatures import RawSigner, RawVerifier
from exi.iso2.message import V2G_Message
from exi.signature.messages import sign_message, verify_message
from exi.signature.verdict import Failed


def signed(message: V2G_Message, signer: Signer) -> V2G_Message:
    """The message with the signer's signature over all that has to be signed in it."""
    return sign_message(message, RawSigner(signer))


def objection(message: V2G_Message, public_key: PublicKey) -> str:
    """What speaks against a message's signature being this key's; empty where nothing does."""
    verdict = verify_message(message, RawVerifier(public_key))
    return f"{verdict.code} {verdict.detail}".strip() if isinstance(verdict, Failed) else ""
