"""May this contract charge here, now? For charge point operators."""
