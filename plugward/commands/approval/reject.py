"""``plugward approval reject``."""

from plugward import options
from plugward.approvals import Number, vote


def run(
    number: Number,
    *,
    directory: options.Home = None,
    url: options.Url = None,
    api_key_file: options.ApiKeyFile = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Reject a request, for good, by an API key of scope approve."""
    return vote(
        number,
        "reject",
        directory=directory,
        url=url,
        api_key_file=api_key_file,
        passphrase_file=passphrase_file,
        as_json=as_json,
    )
