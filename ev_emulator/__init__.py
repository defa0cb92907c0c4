"""An EV and a charger that speak ISO 15118 to each other, and OCPP or HTTP to their backends."""
