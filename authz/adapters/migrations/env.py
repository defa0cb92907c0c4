"""What Alembic runs: the migrations, on the connection that authz.adapters.schema hands over."""

from alembic import context

from authz.adapters.schema import VERSION_TABLE
from authz.adapters.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
