"""Scores of one answer: retrieval measures, word overlap, RAGAS."""
