"""Parts of the first schema that are too long for one file."""
