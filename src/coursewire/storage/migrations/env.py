"""Alembic's entry: runs the revisions on the connection that the caller has opened."""

from alembic import context

from coursewire.storage.schema import is_plain_table, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=is_plain_table,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
