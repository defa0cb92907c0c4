"""``plugward contract get``."""

from plugward import options
from plugward.commands.contract import asking
from plugward.exit_codes import ExitCode


def run(
    emaid: asking.Emaid,
    *,
    url: asking.Url,
    api_key_file: options.ApiKeyFile = None,
    as_json: options.Json = False,
) -> int:
    """Show a contract as the authorization service keeps it."""
    told = asking.service(url, api_key_file).ask("GET", asking.path_of(emaid))
    asking.show(told, as_json=as_json)
    return ExitCode.YES
