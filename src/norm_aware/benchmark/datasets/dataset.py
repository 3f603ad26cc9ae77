"""Datasets: documents, queries with gold answers, and judgements of which document is relevant to which."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from norm_aware.errors import DatasetError

ANSWERS, JUDGEMENTS, CONTEXTS = "answers", "judgements", "contexts"
"""What a dataset may offer of a query, the names `Dataset.fields` counts by."""

_LACKING = {
    ANSWERS: "{name} has no gold answers, so answers are not measured against any.",
    JUDGEMENTS: "{name} has no judgements of documents, so retrieval is not measured.",
    CONTEXTS: "{name} says of no question which texts answer it.",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A unit of retrieval."""

    id: str
    title: str
    text: str

    @property
    def content(self) -> str:
        """What is embedded and shown to the language model: the title, if any, above the text."""
        return f"{self.title}\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Query:
    """A question, with what its dataset says of it.

    Attributes:
        id: as in reports.
        text: the question.
        answers: gold answers, any of which is right.
        kind: what sort of question it is, where the dataset tells; reports break results down by it.
        contexts: texts that answer it, where they were given as texts; see `Dataset.reference_contexts`.
    """

    id: str
    text: str
    answers: tuple[str, ...] = ()
    # neither changes what `repr` says, and so the digest, of a query that has none
    kind: str | None = field(default=None, repr=False)
    contexts: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Dataset:
    """A collection with questions, of which answers, judgements or both are known.

    Attributes:
        name: for reports.
        documents: in a stable order.
        queries: those with a gold answer or a relevant document.
        qrels: for each judged query, the grade of each judged document; relevant above 0.
        dropped_judgements: judgements left out because their document is absent here.
    """

    name: str
    documents: tuple[Document, ...]
    queries: tuple[Query, ...]
    qrels: Mapping[str, Mapping[str, int]]
    dropped_judgements: int = 0

    def relevant(self, query_id: str) -> tuple[str, ...]:
        """Ids of the documents relevant to a query, the highest grade first; none where it is not judged."""
        grades = self.qrels.get(query_id, {})
        return tuple(sorted((d for d in grades if grades[d] > 0), key=lambda d: (-grades[d], d)))

    def documents_of(self, query_id: str) -> tuple[Document, ...]:
        """The documents relevant to a query, the highest grade first; none where it is not judged."""
        return tuple(self._documents[document] for document in self.relevant(query_id))

    def reference_contexts(self, query_id: str) -> tuple[str, ...]:
        """Texts that answer a query: those given with it, else its relevant documents'."""
        given = self._queries[query_id].contexts
        return given or tuple(document.content for document in self.documents_of(query_id))

    def fields(self) -> dict[str, int]:
        """How many queries have gold `answers`, `judgements` with a relevant document, and `contexts`.

        A metric that needs a field may be asked for where its count is above 0; `lacking` says why not.

        Example:
            >>> query = Query("q1", "Where is the Louvre?", ("Paris",))
            >>> Dataset("mine", (), (query,), {}).fields()
            {'answers': 1, 'judgements': 0, 'contexts': 0}
        """
        return {
            ANSWERS: sum(bool(query.answers) for query in self.queries),
            JUDGEMENTS: sum(bool(self.relevant(query.id)) for query in self.queries),
            CONTEXTS: sum(bool(query.contexts or self.relevant(query.id)) for query in self.queries),
        }

    def lacking(self) -> dict[str, str]:
        """For each field that no query has, a sentence that says what is left out for want of it.

        Example:
            >>> query = Query("q1", "Where is the Louvre?", ("Paris",))
            >>> Dataset("mine", (), (query,), {}).lacking()["judgements"]
            'mine has no judgements of documents, so retrieval is not measured.'
        """
        counts = self.fields()
        return {name: text.format(name=self.name) for name, text in _LACKING.items() if not counts[name]}

    def sample(self, limit: int | None, *, seed: int = 0) -> tuple[Query, ...]:
        """The first `limit` queries of a seeded shuffle, so that a larger limit keeps the smaller one's.

        Raises:
            DatasetError: when the limit is below 1.
        """
        if limit is not None and limit < 1:
            raise DatasetError(f"The limit is {limit} queries; at least 1 is needed.")
        order = list(self.queries)
        random.Random(seed).shuffle(order)  # noqa: S311  # a sample, not a secret
        return tuple(order[:limit])

    @cached_property
    def digest(self) -> str:
        """Hash of the documents, queries and judgements."""
        judgements = sorted((q, sorted(g.items())) for q, g in self.qrels.items())
        contexts = [query.contexts for query in self.queries if query.contexts]
        return _digest(self.documents, self.queries, judgements, *([contexts] if contexts else []))

    @property
    def question_digest(self) -> str:
        """Hash of the questions alone, in any order: equal where the same ones are asked."""
        return question_digest(self.queries)

    @cached_property
    def _documents(self) -> dict[str, Document]:
        return {document.id: document for document in self.documents}

    @cached_property
    def _queries(self) -> dict[str, Query]:
        return {query.id: query for query in self.queries}


def question_digest(queries: Iterable[Query]) -> str:
    """Hash of some queries' ids and texts, in any order; runs of different ones cannot be compared.

    Example:
        >>> first, second = Query("q1", "Why?"), Query("q2", "How?")
        >>> question_digest([first, second]) == question_digest([second, first])
        True
    """
    return _digest(sorted((query.id, query.text) for query in queries))


def _digest(*parts: object) -> str:
    hasher = hashlib.blake2b(digest_size=8)
    for part in parts:
        hasher.update(repr(part).encode())
    return hasher.hexdigest()
