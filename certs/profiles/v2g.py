"""The V2G root, which anchors chargers, the provisioning service and whoever joins it."""

from certs.edition import Edition
from certs.profiles.families import VALIDITY_QUOTED, YEAR_DAYS, root
from certs.profiles.rules import Role, ValidityRule

PROFILES = tuple(
    root(
        Role.V2G_ROOT,
        edition,
        dc="V2G",
        # Pools want 35 years left when a root is brought in (support.hubject.com 9206780759965).
        validity=ValidityRule(
            citation=VALIDITY_QUOTED, issued_days=14_610, longest_days=40 * YEAR_DAYS
        ),
    )
    for edition in Edition
)
