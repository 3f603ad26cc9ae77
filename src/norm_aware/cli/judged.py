"""A folder in BEIR's layout as the judged texts that training measures on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from norm_aware.training.evaluation import JudgedTexts


def read_judged(folders: str | None) -> list[JudgedTexts]:
    """Judged sets of folders in BEIR's layout, by commas; queries without a relevant document are left out.

    Raises:
        DatasetError: when a folder is none of that layout.
    """
    return [_read(Path(folder.strip())) for folder in folders.split(",")] if folders else []


def _read(folder: Path) -> JudgedTexts:
    from norm_aware.benchmark.datasets.beir import read_beir
    from norm_aware.calibration.judgements import Judgements
    from norm_aware.training.evaluation import JudgedTexts

    dataset = read_beir(folder)
    position = {document.id: i for i, document in enumerate(dataset.documents)}
    queries = [query for query in dataset.queries if dataset.relevant(query.id)]
    grades = [
        {position[document]: float(grade) for document, grade in dataset.qrels[query.id].items()}
        for query in queries
    ]
    return JudgedTexts(
        dataset.name,
        tuple(document.content for document in dataset.documents),
        tuple(query.text for query in queries),
        Judgements.of(grades, documents=len(dataset.documents)),
    )
