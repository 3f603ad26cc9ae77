"""A model's own prompts, as sentence-transformers' trainer puts them before a dataset's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentence_transformers import SentenceTransformer

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def column_prompts(
    model: SentenceTransformer, dataset: Dataset | DatasetDict
) -> dict[str, str] | dict[str, dict[str, str]] | None:
    """The query's prompt for the first column and the document's for all others; None where there is none.

    Args:
        model: whose prompts they are; evaluation and search put the same before texts.
        dataset: its columns, or its datasets', to name them by.
    """
    if isinstance(dataset, dict):
        # by dataset too: a source may have a column's name
        return {
            name: found for name, part in dataset.items() if (found := _of(model, part.column_names))
        } or None
    return _of(model, dataset.column_names) or None


def _of(model: SentenceTransformer, columns: list[str]) -> dict[str, str]:
    kinds = {column: "document" if i else "query" for i, column in enumerate(columns)}
    return {column: prompt for column, kind in kinds.items() if (prompt := model.prompts.get(kind))}
