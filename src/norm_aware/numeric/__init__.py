"""Arithmetic on numpy arrays: similarities, significance, effect sizes."""
