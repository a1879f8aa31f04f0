"""Sessions on real sockets: WebSocket and long-polling, upgrade, heartbeat, bounded outboxes, namespaces."""
