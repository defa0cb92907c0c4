"""The certificate profiles as tables for people, printed from the data that is enforced."""

from collections.abc import Iterable, Iterator

from certs.edition import Edition
from certs.findings.catalogue import ENTRIES
from certs.profiles.catalogue import PROFILES
from certs.profiles.families import REVISION

_HEAD = f"""# Certificate profiles

Every certificate that is issued follows one of these profiles to the letter, and every certificate
can be linted against one (`plugward cert lint`). The tables are printed from the data that is
enforced (`certs/profiles/`, revision {REVISION}); a test fails where this page drifts from it.

The tables of ISO 15118 Annex F and B are not public. Rules come from public schemas, scripts and
requirement numbers quoted in public issues; *(unverified)* says that no primary source was seen.
Where sources dispute a rule, a profile has variants, named after a plus sign.
"""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = tuple(head)
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _edition(edition: Edition) -> Iterator[str]:
    """What every profile of an edition asks, then what each asks of its own."""
    profiles = [profile for profile in PROFILES if profile.edition is edition]
    asked = {
        profile: {rule.title: rule.sentence() for rule in profile.rules()} for profile in profiles
    }
    titles = list(asked[profiles[0]])
    shared = {title for title in titles if len({asked[p][title] for p in profiles}) == 1}
    yield f"## {edition.value}"
    yield ""
    yield "Every certificate:"
    yield ""
    yield from (f"- {title}: {asked[profiles[0]][title]}" for title in titles if title in shared)
    yield ""
    own = [title for title in titles if title not in shared]
    yield from _table(
        ("profile", *own),
        ((f"`{p.name}`", *(asked[p][title] for title in own)) for p in profiles),
    )
    yield ""


def _sources() -> Iterator[str]:
    """Each rule's citations, with the roles that have it from there."""
    cited: dict[tuple[str, str], dict[str, None]] = {}
    for profile in PROFILES:
        for rule in profile.rules():
            cited.setdefault((rule.title, rule.citation), {})[profile.role.value] = None
    everyone = {profile.role.value for profile in PROFILES}
    yield from _table(
        ("rule", "source", "roles"),
        (
            (title, citation, "all" if set(roles) == everyone else ", ".join(roles))
            for (title, citation), roles in sorted(cited.items(), key=lambda item: item[0][0])
        ),
    )


def _codes() -> Iterator[str]:
    titles: dict[str, str] = {}
    for profile in PROFILES:
        for rule in profile.rules():
            titles |= dict.fromkeys(rule.codes, rule.title)
    rows = (
        (f"`{code}`", ENTRIES[code].severity.value, title, ENTRIES[code].title)
        for code, title in titles.items()
    )
    yield from _table(("code", "severity", "rule", "meaning"), rows)


def markdown() -> str:
    """The page docs/profiles.md: every profile's rules, their sources, the codes they can raise."""
    lines = [_HEAD]
    for edition in Edition:
        lines += _edition(edition)
    lines += ["## Sources", "", *_sources(), "", "## Findings", "", *_codes(), ""]
    return "\n".join(lines)
