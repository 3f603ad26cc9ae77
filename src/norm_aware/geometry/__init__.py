"""What a set of embeddings looks like: norms and the guards on them, directions, and what either says."""
