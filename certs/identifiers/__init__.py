"""The identifiers of Plug & Charge: who pays, which vehicle, which outlet, which controller."""
