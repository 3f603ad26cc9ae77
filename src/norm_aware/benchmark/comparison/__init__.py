"""Candidates against the baseline, paired per question."""
