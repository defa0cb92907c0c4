"""How a contract's private key travels to one vehicle: sealed for its provisioning key."""
