"""What may happen in /analytics: pure decisions, no clock, no database.

access  who may see what
"""
