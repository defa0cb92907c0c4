"""The messages of ISO 15118-2:2014."""
