"""The door for charging stations that speak OCPP over WebSocket."""
