"""Bytes <-> packets, sans-IO: no asyncio, no socket, no clock. Servers and clients share it."""
