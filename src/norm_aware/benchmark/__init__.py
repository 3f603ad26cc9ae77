"""Compares retrieval systems end to end: collect, score, compare, render."""
