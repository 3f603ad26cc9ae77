"""What a benchmark is to do, written down: read, checked, priced and run."""
