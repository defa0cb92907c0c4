"""Real public certificates: every deviation they are known for is found, and no other.

The certificates themselves stay where they are; here are their SHA-256 beginnings, the roles they
were made for and what is odd about them.
"""

import pytest

from certs import pem
from certs.edition import Edition
from certs.linting import lint
from certs.profiles.catalogue import profile
from certs.profiles.rules import Role

pytestmark = pytest.mark.needs("shared")

DEVIATIONS = {
    "NON_DER_BC": "profile.basic_constraints_not_der",
    "NO_DC": "profile.domain_component_absent",
    "DC_FOREIGN": "profile.domain_component_wrong",
    "NO_C": "profile.country_absent",
    "NO_BC": "profile.basic_constraints_absent",
    "NO_KU": "profile.key_usage_absent",
    "SUBCA_EXTRA_KU": "profile.key_usage_extra",
    "EKU_ON_ROOT": "profile.extended_key_usage_on_root",
    "OCSP_ON_CA": "profile.ocsp_signing_on_ca",
    "SKI_SHORT": "profile.subject_key_id_short",
    "CHECK_CHAR": "profile.common_name_check_digit",
    "EMAIL_IN_DN": "profile.name_attribute_unexpected",
    "UTF8_DN": "profile.name_utf8",
    "VALIDITY_ODD": "profile.validity_odd",
    "VALIDITY_LONG": "profile.validity_too_long",
    "SERIAL_SHORT": "profile.serial_predictable",
}
REAL = (
    # EMP99CQAPAB004
    ("55e8be7c2e0e8a58", Role.CONTRACT, "NO_DC NO_C NO_BC NO_KU SKI_SHORT"),
    # MO Sub2 CA QA G1.1.1
    ("8cff7bb6599209fd", Role.MO_SUB_2, "DC_FOREIGN SKI_SHORT"),
    # MO Sub1 CA QA G1.1
    ("42250cc9dfdbee34", Role.MO_SUB_1, "DC_FOREIGN SKI_SHORT"),
    # V2G Root CA QA G1
    ("4e05b8922d43923c", Role.V2G_ROOT, "EKU_ON_ROOT OCSP_ON_CA SKI_SHORT"),
    # EMP99CQATEST001
    ("62759b413d92ce30", Role.CONTRACT, "NO_DC NO_C NO_BC NO_KU SKI_SHORT CHECK_CHAR"),
    # DEICECOPNCCERT
    ("05970391827cc814", Role.CONTRACT, "NON_DER_BC NO_DC NO_C SKI_SHORT"),
    # MO Sub2 CA QA G1.2.1
    ("d09ca5b25b66b3bb", Role.MO_SUB_2, "NO_DC SKI_SHORT"),
    # MO Sub1 CA QA G1.2
    ("6cad6de62fd60fae", Role.MO_SUB_1, "NO_DC SKI_SHORT"),
    # CPS 2021.8 QA
    ("ec39364a32a4625e", Role.CPS, "NON_DER_BC NO_KU SKI_SHORT"),
    # Prov Sub2 CA QA G1.1.1
    ("7de040d10900e255", Role.CPS_SUB_2, "DC_FOREIGN SKI_SHORT VALIDITY_LONG"),
    # Prov Sub1 CA QA G1.1
    ("38e38c00ae574407", Role.CPS_SUB_1, "DC_FOREIGN SKI_SHORT"),
    # CPS 2022.2 QA
    ("3321748f5b63e6f0", Role.CPS, "NON_DER_BC NO_KU SKI_SHORT"),
    # CPS 2024.4 QA
    ("0168e885dfeccc02", Role.CPS, "NON_DER_BC SKI_SHORT"),
    # Prov Sub2 CA QA G1.2.1
    ("1417aeb2aa8d660d", Role.CPS_SUB_2, "NO_DC SKI_SHORT VALIDITY_LONG"),
    # Prov Sub1 CA QA G1.2
    ("e9ca8face995120a", Role.CPS_SUB_1, "NO_DC SKI_SHORT VALIDITY_LONG"),
    # hubUsEaTest000003
    ("262381eb8c2e3aeb", Role.OEM_PROVISIONING, "NO_DC NO_BC NO_KU SKI_SHORT EMAIL_IN_DN"),
    # US OEM Sub2 CA TEST G2.1.1
    ("ec67f3d903f3c86b", Role.OEM_SUB_2, "DC_FOREIGN SKI_SHORT"),
    # US OEM Sub1 CA TEST G2.1
    ("2f1656f2a5cb66c8", Role.OEM_SUB_1, "DC_FOREIGN SKI_SHORT"),
    # hubUsEaTest000004
    ("cc12fc95ef7461b0", Role.OEM_PROVISIONING, "NO_DC NO_BC NO_KU SKI_SHORT EMAIL_IN_DN"),
    # huboemprovcqa0615
    ("512b488607540a85", Role.OEM_PROVISIONING, "NO_BC NO_KU SKI_SHORT EMAIL_IN_DN"),
    # OEM Sub2 CA QA G1.1.1
    ("789e03ae17187170", Role.OEM_SUB_2, "DC_FOREIGN SKI_SHORT"),
    # OEM Sub1 CA QA G1.1
    ("d669983b1ca42f06", Role.OEM_SUB_1, "DC_FOREIGN SKI_SHORT"),
    # DEHUBCOPNCPROVCER
    ("19cd3779b5a5ce97", Role.OEM_PROVISIONING, "SKI_SHORT"),
    # OEM Sub2 CA QA G1.2.1
    ("7e4b714f32072078", Role.OEM_SUB_2, "NO_DC SKI_SHORT"),
    # OEM Sub1 CA QA G1.2
    ("b25d244c2f54f667", Role.OEM_SUB_1, "NO_DC SKI_SHORT"),
    # TUAABcAz2BK7JRa
    ("7d52f370a70e0c4c", Role.CONTRACT, "NO_DC NO_C CHECK_CHAR EMAIL_IN_DN UTF8_DN SERIAL_SHORT"),
    # hubjectopenpnc0001
    ("98c47d2c23314ba2", Role.OEM_PROVISIONING, "NO_DC NO_BC NO_KU SKI_SHORT EMAIL_IN_DN"),
    # PnC-OEM-RootCA-2021
    (
        "942b6234afd43018",
        Role.OEM_ROOT,
        "DC_FOREIGN SUBCA_EXTRA_KU EMAIL_IN_DN UTF8_DN VALIDITY_ODD SERIAL_SHORT",
    ),
    # V2G Root CA G2
    ("a76ae4c5d00e06a9", Role.V2G_ROOT, "EKU_ON_ROOT OCSP_ON_CA SKI_SHORT"),
    # OEM Sub1 CA TEST G1.2
    ("d75abab8ab295a3c", Role.OEM_SUB_1, "DC_FOREIGN SKI_SHORT"),
)


@pytest.fixture(scope="module")
def real(shared):
    """Every real certificate with its issuer where that is at hand, by the fingerprint's start."""
    found = {}
    for path in sorted((shared / "data" / "real-chains").glob("*.pem")):
        chain = pem.parse_chain(path.read_text(encoding="ascii"))
        for certificate, issuer in zip(chain, (*chain[1:], None), strict=True):
            found[certificate.fingerprint.hex()[:16]] = (certificate, issuer)
    return found


@pytest.mark.parametrize(("start", "role", "odd"), REAL, ids=[start for start, _, _ in REAL])
def test_a_real_certificate_has_the_deviations_it_is_known_for(real, start, role, odd):
    certificate, issuer = real[start]
    found = lint(certificate, profile(role, Edition.ISO_2), issuer=issuer)
    assert {finding.code for finding in found} == {DEVIATIONS[word] for word in odd.split()}


def test_no_real_certificate_is_left_out(real):
    assert real.keys() == {start for start, _, _ in REAL}
