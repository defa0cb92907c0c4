"""Options that several commands have, spelled once."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="print JSON for programs")]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="MOMENT", help="judge at this moment instead of now (RFC 3339)"),
]
Certificates = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", help="PEM bundles or DER files; - reads standard input"),
]
Anchors = Annotated[
    list[str],
    typer.Option(
        "--anchor", metavar="PURPOSE=FILE", help="trust these roots for v2g, mo or oem; repeatable"
    ),
]
Home = Annotated[
    str | None,
    typer.Option(
        "--home", metavar="DIR", help="the world of this directory; else of ./plugward-world"
    ),
]
Url = Annotated[
    str | None, typer.Option("--url", metavar="URL", help="ask the service at this address instead")
]
ApiKeyFile = Annotated[
    str | None,
    typer.Option(
        "--api-key-file", metavar="FILE", help="the API key's file; else PLUGWARD_API_KEY holds it"
    ),
]
PassphraseFile = Annotated[
    str | None,
    typer.Option(
        "--passphrase-file", metavar="FILE", help="a file whose first line opens the key files"
    ),
]
PkiSettings = Annotated[
    str | None, typer.Option(metavar="FILE", help="the PKI's settings; else the home's pki.toml")
]
AuthzSettings = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="the authorization service's; else the home's authz.toml"),
]
Tolerate = Annotated[
    list[str] | None,
    typer.Option(metavar="CODE", help="a deviation to tolerate below the anchors; repeatable"),
]
SubCaRole = Annotated[
    list[str] | None,
    typer.Option(metavar="USE=FILE", help="a sub-CA's use, where it does not say; repeatable"),
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="why; it stays on the audit")]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask at the terminal")]
Again = Annotated[
    bool,
    typer.Option(
        "--again", help="ask once more, for the key that an attempt without an answer left"
    ),
]
