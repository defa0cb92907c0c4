"""The schema's history, oldest first, applied by Alembic."""
