"""Notifications: an inbox per person, and what reaches them elsewhere."""
