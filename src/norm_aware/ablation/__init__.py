"""What each way of normalising does to a trained encoder: one grid, its evidence and its page."""
