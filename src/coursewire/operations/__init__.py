"""What an operator sees: health, metrics, logs, switches."""
