"""OCPP-J as a central system speaks it: frames, schemas, error codes, sessions over octets."""
