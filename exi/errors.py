"""What exi raises: bytes that are no message, and values that no message can carry."""

from collections.abc import Mapping
from types import MappingProxyType

# Permanent: callers and tests compare these, people read the sentence beside them.
CODES: Mapping[str, str] = MappingProxyType(
    {
        # bytes that are not a message (Malformed)
        "exi.empty": "no octet at all",
        "exi.too_large": "more octets than a message may have",
        "exi.header_unexpected": "the first octet is not 0x80: cookie, options or version",
        "exi.truncated": "the bits end before the message does",
        "exi.trailing_octets": "whole octets follow the end of the message",
        "exi.root_unexpected": "the document's element is not a message of this protocol",
        "exi.fragment_unexpected": "the fragment's element cannot be read alone",
        "exi.fragment_not_ended": "the fragment goes on after its element",
        "exi.event_invalid": "an event code that the grammar does not have here",
        "exi.deviation": "the escape to what the schema does not allow",
        "exi.wildcard": "an element where the schema allows any: none is understood",
        "exi.mixed_text": "text between elements",
        "exi.abstract_element": "an element that the schema calls abstract",
        "exi.string_table": "a reference into the string table, whose capacity is 0",
        "exi.integer_too_long": "an integer of more octets than its type can need",
        "exi.integer_not_minimal": "an integer with superfluous octets",
        "exi.character_invalid": "a code point that XML does not have",
        # both ways (Malformed and NotEncodable): the schema's facets
        "exi.value_out_of_range": "a number or an enumeration's index outside its type",
        "exi.length_out_of_range": "a text or octet string shorter or longer than its type",
        # values that no message can carry (NotEncodable)
        "exi.type_wrong": "a value of another type than the element's",
        "exi.element_missing": "a required element or attribute is absent",
        "exi.element_unexpected": "one too many, or not beside those that are there",
        "exi.not_a_message": "not a message of any protocol",
        "exi.fragment_name": "the element's name is not clear from its type",
        # JSON (Malformed, without bit offset)
        "exi.json": "a JSON value that is not the form of a message",
    }
)


class Malformed(ValueError):  # noqa: N818 - a kind of input, named as the house names it
    """Input that is not the message it claims to be.

    ``code`` is one of CODES; ``bit_offset`` counts from the first bit of the header octet, -1 where
    there are no bits (JSON); ``path`` names the elements from the root to the place.
    """

    def __init__(
        self, code: str, detail: str, *, bit_offset: int, path: tuple[str, ...] = ()
    ) -> None:
        super().__init__(code, detail, bit_offset, path)
        self.code = code
        self.detail = detail
        self.bit_offset = bit_offset
        self.path = path

    def within(self, name: str) -> "Malformed":
        """The same error, seen from the element around it."""
        self.path = (name, *self.path)
        return self

    def __str__(self) -> str:
        where = "/" + "/".join(self.path)
        if self.bit_offset < 0:
            return f"{self.code} at {where}: {self.detail}"
        return f"{self.code} at bit {self.bit_offset} in {where}: {self.detail}"


class NotEncodable(ValueError):  # noqa: N818 - beside Malformed, the other way round
    """A value that its schema does not allow; ``code`` and ``path`` as in Malformed."""

    def __init__(self, code: str, detail: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(code, detail, path)
        self.code = code
        self.detail = detail
        self.path = path

    def within(self, name: str) -> "NotEncodable":
        """The same error, seen from the element around it."""
        self.path = (name, *self.path)
        return self

    def __str__(self) -> str:
        return f"{self.code} in /{'/'.join(self.path)}: {self.detail}"
