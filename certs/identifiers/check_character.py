"""The check character of ISO 15118-2 and eMI3 contract identifiers: 14 characters to one.

ISO 15118-2:2014 Annex H.1.3 and eMI3 "Check Digit Calculation for Contract-IDs", as public
implementations agree on them (ShellRecharge/mobilityid, thoughtworks/maeve-csms,
citrineos/citrineos-core).
"""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CHECKED_CHARACTERS = 14

# Each character is two bits (q1, q2) and two base-3 digits (r1, r2),
# packed as q1 + 2*q2 + 4*r1 + 16*r2, in the order of ALPHABET.
_PACKED = bytes.fromhex(
    "00102004142408182802"  # 0 to 9
    "12220616260a1a2a0111210515"  # A to M
    "250919290313230717270b1b2b"  # N to Z
)
_CHARACTER = dict(zip(_PACKED, ALPHABET, strict=True))

_Matrix = tuple[tuple[int, int], tuple[int, int]]
_P1: _Matrix = ((0, 1), (1, 1))  # modulo 2
_P2: _Matrix = ((0, 1), (1, 2))  # modulo 3
_N: _Matrix = ((0, 2), (2, 1))  # modulo 3


def _times(row: tuple[int, int], matrix: _Matrix, modulus: int) -> tuple[int, int]:
    return (
        (row[0] * matrix[0][0] + row[1] * matrix[1][0]) % modulus,
        (row[0] * matrix[0][1] + row[1] * matrix[1][1]) % modulus,
    )


def _shares() -> tuple[dict[str, int], ...]:
    """What each character adds at each of the 14 places: four sums, one octet each.

    The formula is linear, so the matrix powers are folded into a table; 14 summands of at most 2
    never carry from one octet into the next.
    """
    places = []
    for place in range(1, CHECKED_CHARACTERS + 1):
        shares = {}
        for character, packed in zip(ALPHABET, _PACKED, strict=True):
            bits = (packed & 1, packed >> 1 & 1)
            digits = (packed >> 2 & 3, packed >> 4 & 3)
            for _ in range(place):
                bits = _times(bits, _P1, 2)
                digits = _times(digits, _P2, 3)
            digits = _times(digits, _N, 3)
            shares[character] = bits[0] | bits[1] << 8 | digits[0] << 16 | digits[1] << 24
        places.append(shares)
    return tuple(places)


_SHARES = _shares()


def check_character(code: str) -> str:
    """The check character that belongs behind 14 upper-case ASCII letters and digits.

    Raises ValueError for any other length and KeyError for any other character: callers hand in
    what has been parsed.
    """
    total = 0
    for shares, character in zip(_SHARES, code, strict=True):
        total += shares[character]
    return _CHARACTER[
        (total & 255) % 2
        + 2 * ((total >> 8 & 255) % 2)
        + 4 * ((total >> 16 & 255) % 3)
        + 16 * ((total >> 24) % 3)
    ]
