"""BLEU and chrF of one answer, by sacreBLEU itself.

RAGAS's own BLEU takes the sentences of one reference for alternatives, so that an answer which gives the
first of two sentences gets full marks.
"""

from __future__ import annotations

from collections.abc import Sequence


def bleu(answer: str, references: Sequence[str]) -> float:
    """Sentence BLEU against all references: runs of up to four words in common, smoothed.

    Papineni et al. 2002, *BLEU: a Method for Automatic Evaluation of Machine Translation*; Post 2018
    (arXiv:1804.08771). Runs longer than the answer are left out of account.

    Args:
        answer: what a system said.
        references: gold answers; at least one.

    Returns:
        Between 0 and 1.

    Example:
        >>> round(bleu("on the river Seine", ["on the Seine", "on the river Seine"]), 4)
        1.0
    """
    import sacrebleu

    return float(sacrebleu.sentence_bleu(answer, list(references)).score) / 100


def chrf(answer: str, references: Sequence[str]) -> float:
    """Character n-gram F-score (n up to 6, recall weighted twice) against the best-matching reference.

    Popović 2015, *chrF: character n-gram F-score for automatic MT evaluation*.

    Args:
        answer: what a system said.
        references: gold answers; at least one.

    Returns:
        Between 0 and 1.

    Example:
        >>> chrf("Seine", ["Thames", "Seine"])
        1.0
    """
    import sacrebleu

    return float(sacrebleu.sentence_chrf(answer, list(references)).score) / 100
