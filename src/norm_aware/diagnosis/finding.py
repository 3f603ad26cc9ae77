"""One finding of a diagnosis: a sentence with its number, where the measure is from, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What one measure says about a set of embeddings.

    Attributes:
        name: what was measured, such as `norm_variation`.
        value: the number; None where it could not be measured, and the sentence then says why.
        low: lower end of its 95% interval; None where there is none.
        high: upper end.
        sentence: what was found, in one sentence that holds the number.
        source: the paper or page that the measure is from.
        advice: what to do about it.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    sentence: str
    source: str
    advice: str

    @property
    def title(self) -> str:
        """The name as a heading."""
        return self.name.replace("_", " ").capitalize()

    def __str__(self) -> str:
        return f"{self.sentence} {self.advice}".rstrip()
