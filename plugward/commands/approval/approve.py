"""``plugward approval approve``."""

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
    """Approve a request, by an API key of scope approve that who asked does not hold.

    The last approval that is needed has the request carried out.
    """
    return vote(
        number,
        "approve",
        directory=directory,
        url=url,
        api_key_file=api_key_file,
        passphrase_file=passphrase_file,
        as_json=as_json,
    )
