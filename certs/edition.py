"""The editions of ISO 15118 that Plug & Charge certificates are made for."""

from enum import Enum


class Edition(Enum):
    """An edition of ISO 15118. A value, so that the next one costs data and not branches."""

    # Enum hashes names in Python; members are single objects, and keys of every hot table
    __hash__ = object.__hash__

    ISO_2 = "iso15118-2"
    ISO_20 = "iso15118-20"
