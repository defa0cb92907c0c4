"""Sessions of ISO 15118-2: its tables, and what each side says."""
