"""A trained model's card: it names the similarity, for its readers on the hub, and quotes no pair."""

from __future__ import annotations

import re
from pathlib import Path

from sentence_transformers import SentenceTransformer

from norm_aware.model_record import FILE
from norm_aware.numeric.similarity import Similarity

CARD = "README.md"
"""Its name in the model's folder."""

_LINE = re.compile(r"^- \*\*Similarity Function:\*\*.*$", flags=re.MULTILINE)


def keep_texts_out(model: SentenceTransformer) -> None:
    """Keep the training pairs' texts, which may be confidential, out of the cards of a model to be saved.

    sentence-transformers quotes them as the hub's widget, as examples of use and as samples; it collects
    them when its trainer is made.

    Args:
        model: given to the trainer already.
    """
    card = model.model_card_data
    card.widget = []
    card.usage_examples = None
    card.generate_widget_examples = False  # nor need its own examples be embedded for each card
    for dataset in (*card.train_datasets, *card.eval_datasets):
        for samples in ("examples", "examples_table"):
            dataset.pop(samples, None)


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
