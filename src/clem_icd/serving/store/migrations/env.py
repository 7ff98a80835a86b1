"""Runs migrations on the connection that it is given; used by alembic alone."""

from alembic import context

from clem_icd.serving.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
