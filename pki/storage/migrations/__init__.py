"""The schema's history, shipped with the package and walked by Alembic."""
