"""The Python client: a state machine per namespace, a shared connection, typed commands and events."""
