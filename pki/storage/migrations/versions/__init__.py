"""One step of the schema's history a file."""
