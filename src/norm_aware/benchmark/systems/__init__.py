"""The systems that are compared, and the index they search."""
