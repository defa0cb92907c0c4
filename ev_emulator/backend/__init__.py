"""How a charger's questions reach its operator: over HTTP, or over OCPP 2.0.1."""
