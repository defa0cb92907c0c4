"""The backend port over OCPP 2.0.1 (JSON over WebSocket), the charging station's side."""
