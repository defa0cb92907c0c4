"""The table in docs/identifiers.md is what the code does.

Run this file to print the table anew.
"""

from pathlib import Path

from certs.edition import Edition
from certs.identifiers.din_91286 import DinContractId
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.identifiers.pcid import PCID
from certs.identifiers.secc_id import SECCID

PAGE = Path(__file__).parents[2] / "docs" / "identifiers.md"
EXAMPLES = [
    ("eMAID", EMAID.parse, "DE8AA0012345670"),
    ("eMAID, hyphens", EMAID.parse, "de-8aa-c12345678"),
    ("eMAID, wrong check character", EMAID.parse, "EMP99CQATEST001"),
    (
        "eMAID, ISO 15118-20",
        lambda text: EMAID.parse(text, edition=Edition.ISO_20),
        "DE-8AA-C0123456789-X",
    ),
    ("DIN SPEC 91286", DinContractId.parse, "NL*TNM*012204*5"),
    ("PCID", PCID.parse, "hubjectopenpnc0001"),
    (
        "PCID, ISO 15118-20",
        lambda text: PCID.parse(text, edition=Edition.ISO_20),
        "DE8-P-AA00003C4D58Y-2",
    ),
    ("EVSEID", EVSEID.parse, "DE*ICE*E45B*78C"),
    ("SECCID", SECCID.parse, "DE-ICE-S-00003C4D557878675645330967543476-2"),
]
PREFIXES = {EMAID: "provider_id", PCID: "wmi", EVSEID: "operator_id", SECCID: "operator_id"}
TOLD = {None: "-", True: "right", False: "wrong"}


def row(form, parse, text):
    identifier = parse(text)
    check, told = "-", "-"
    if isinstance(identifier, EMAID | DinContractId):
        check, told = identifier.check or "-", TOLD[identifier.check_ok]
    prefix = getattr(identifier, PREFIXES[type(identifier)]) if type(identifier) in PREFIXES else ""
    cells = [form, f"`{text}`", f"`{identifier.canonical}`", check, told, prefix or "-"]
    return f"| {' | '.join(cells)} |"


def table():
    return "\n".join(
        [
            "| form | text | canonical | check | it is | prefix |",
            "|---|---|---|---|---|---|",
            *(row(*example) for example in EXAMPLES),
        ]
    )


def test_the_page_shows_what_the_code_reads():
    page = PAGE.read_text(encoding="utf-8")
    shown = page.split("<!-- table -->")[1].split("<!-- /table -->")[0].strip()
    assert shown == table()


if __name__ == "__main__":
    print(table())
