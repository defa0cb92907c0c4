"""What Alembic runs: the migrations, on the connection that pki.storage.schema hands over."""

from alembic import context

from pki.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
