"""A sample and an encoder for the tests of metrics."""

import numpy as np

from norm_aware.benchmark.metrics.score import Sample

SAMPLE = Sample(
    question="Where is the Louvre?",
    answer="The Louvre is in Paris.",
    contexts=("The Louvre stands in Paris.", "Bees have five eyes."),
    context_ids=("d1", "d2"),
    references=("in Paris", "The Louvre is in Paris."),
    relevant_ids=("d1", "d3", "d4"),
)


def embed(texts):
    """Letter counts: unnormalised, and alike for texts alike."""
    return np.array([[text.lower().count(letter) for letter in "aeiouprstn"] for text in texts], dtype=float)
