"""What travels, and to whom."""
