"""The similarity in a trained model's card, where its readers on the hub look for it."""

from __future__ import annotations

import re
from pathlib import Path

from norm_aware.model_record import FILE
from norm_aware.numeric.similarity import Similarity

CARD = "README.md"
"""Its name in the model's folder."""

_LINE = re.compile(r"^- \*\*Similarity Function:\*\*.*$", flags=re.MULTILINE)


def name_in_card(folder: Path, similarity: Similarity) -> None:
    """Say in a saved model's card what it was trained by, in place of the cosine or dot that stands there.

    sentence-transformers writes the card and keeps its text when the model is loaded and saved again.

    Args:
        folder: of the saved model.
        similarity: what it is meant to be searched by.
    """
    card = folder / CARD
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    line = f"- **Similarity Function:** `{similarity.name}` of raw embeddings (norm-aware, `{FILE}`)"
    named, found = _LINE.subn(lambda _: line, text, count=1)
    card.write_text(named if found else f"{text.rstrip()}\n\n{line}\n".lstrip(), encoding="utf-8")
