"""How a trained model is searched: the names of the scorings, and what each one is for."""

from __future__ import annotations

UNTOUCHED = "untouched"
"""Name of the base as it was before any training."""

OWN = "own"
"""Name of each arm's own similarity among the scorings, as its training ended."""

RAW = ("cosine", "document_power=0.5", "dot")
"""Scorings by the encoder's own norm. A query's norm never reorders its documents, so these are the 2x2."""

GIVEN = ("anti_hubness", "length")
"""Scorings that replace the document's norm: by its hubness, and by its words as the control of that."""

SHUFFLED = ("dot, shuffled", "anti_hubness, shuffled")
"""Controls: the same norms, dealt to other documents."""

SCORINGS = (*RAW, *GIVEN, *SHUFFLED)
"""Columns of the cross-evaluation grid, beside each arm's own similarity."""

CONTROLS = ("length", *SHUFFLED)
"""Scorings that nobody would search by: what a norm has to beat."""

CHOSEN = (*GIVEN, "anti_hubness, shuffled")
"""Scorings with an exponent that the in-domain sets chose, on which they therefore say too much."""
