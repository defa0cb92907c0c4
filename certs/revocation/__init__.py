"""What OCSP, CRLs and OCPP hash data say of one certificate."""
