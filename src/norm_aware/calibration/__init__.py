"""Chooses transform, similarity and per-document terms for an encoder and a corpus, and proves the choice."""
