"""The named steps between which a crash must lose no certificate, revocation or list."""

ISSUE_PERMITTED = "issue.permitted"
ISSUE_DRAFTED = "issue.drafted"
INTEND_WRITTEN = "intend.written"  # inside the transaction, before its commit
INTEND_COMMITTED = "intend.committed"
SIGN_ASKED = "sign.asked"
SIGN_DONE = "sign.done"  # a signature exists that only memory knows
ISSUE_COMPARED = "issue.compared"
RECORD_WRITTEN = "record.written"
RECORD_COMMITTED = "record.committed"
ABANDON_WRITTEN = "abandon.written"
REVOKE_WRITTEN = "revoke.written"
REVOKE_COMMITTED = "revoke.committed"
CRL_NUMBER_WRITTEN = "crl.number_written"
CRL_NUMBER_COMMITTED = "crl.number_committed"
CRL_SIGNED = "crl.signed"
CRL_DELTA_SIGNED = "crl.delta_signed"  # of both, neither is published yet
CRL_WRITTEN = "crl.written"
CRL_COMMITTED = "crl.committed"
PRESIGN_CLAIMED = "presign.claimed"
PRESIGN_SIGNED = "presign.signed"
PRESIGN_WRITTEN = "presign.written"
PRESIGN_COMMITTED = "presign.committed"
APPROVAL_KEY_KEPT = "approval.key_kept"  # a key that no request names yet
APPROVAL_KEY_NOTED = "approval.key_noted"
APPROVAL_ISSUED = "approval.issued"  # a certificate of an authority that is not yet ours
APPROVAL_TAKEN_IN = "approval.taken_in"

FAILPOINTS = (
    ISSUE_PERMITTED,
    ISSUE_DRAFTED,
    INTEND_WRITTEN,
    INTEND_COMMITTED,
    SIGN_ASKED,
    SIGN_DONE,
    ISSUE_COMPARED,
    RECORD_WRITTEN,
    RECORD_COMMITTED,
    ABANDON_WRITTEN,
    REVOKE_WRITTEN,
    REVOKE_COMMITTED,
    CRL_NUMBER_WRITTEN,
    CRL_NUMBER_COMMITTED,
    CRL_SIGNED,
    CRL_DELTA_SIGNED,
    CRL_WRITTEN,
    CRL_COMMITTED,
    PRESIGN_CLAIMED,
    PRESIGN_SIGNED,
    PRESIGN_WRITTEN,
    PRESIGN_COMMITTED,
    APPROVAL_KEY_KEPT,
    APPROVAL_KEY_NOTED,
    APPROVAL_ISSUED,
    APPROVAL_TAKEN_IN,
)


def carry_on(_name: str) -> None:
    """The failpoint of every day: nothing fails here."""
