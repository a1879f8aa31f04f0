"""Alembic's entry: runs the revisions on the connection that the caller has opened."""

from alembic import context

from coursewire.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
