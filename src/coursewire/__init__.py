"""Coursewire: the real-time layer of a learning platform.

The map of the house, in the order in which data travels. Each package imports only what stands below it:

    cli         the command line
    serving     a node behind uvicorn, from the settings to the port
    app         composition root: settings -> storage, bus, hub, namespaces, HTTP
    client      the Python client; imports only `wire`, the contracts, and how documents are encoded
    namespaces  what the product does: one folder per namespace, all with the same file names
    realtime    what travels, and to whom: contract, dispatch, channels, recovery, presence, limits
    edge        sessions on real sockets: WebSocket, polling, heartbeat, bounded outboxes
    wire        bytes <-> packets, sans-IO
    identity    token -> Caller; course membership and roles
    log         the durable, ordered event log
    storage     engine, transaction, group commit, migrations
    text        what people write: Markdown-lite to safe HTML, and to plain text
    bus         node to node
    operations  metrics, health, logging

The way of one chat message: `edge.websocket` (bytes) -> `wire` (packet) -> `realtime.dispatch` (validated command,
caller) -> `namespaces.chat.service` in a `storage` transaction -> `log.append` in the same transaction -> commit ->
`bus` -> `realtime.channels` -> `edge.outbox` -> socket. Nothing on that way goes back up.
"""

__version__ = "0.1.0"
