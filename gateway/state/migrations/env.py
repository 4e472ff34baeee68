"""Alembic's entry: always on the connection handed in, never on a URL of its own."""

from alembic import context

from gateway.state.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
