"""Notifications beyond the socket: mail and Web Push, at the hour that people have chosen."""
