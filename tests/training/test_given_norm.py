import numpy as np

from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.pseudo_queries import cut_spans
from norm_aware.training.evaluation import JudgedTexts, embed_set
from norm_aware.training.given_norm import count_words, measure_hubness
from tests.losses.models import table

TEXTS = ("a b c d", "b c", "c d e f g h", "a")


def judged():
    return JudgedTexts("letters", TEXTS, ("a b",), Judgements.of([{0: 1.0}], documents=len(TEXTS)))


def test_hubness_is_the_mean_cosine_with_the_ten_nearest_spans_of_other_documents():
    model = table(dimension=6)
    embedded = embed_set(model, judged())
    found = measure_hubness(model, judged(), embedded, seed=3, spans=40)
    spans = cut_spans(TEXTS, 40, seed=3)
    bank = model.encode([span.text for span in spans]).astype(np.float64)
    bank /= np.linalg.norm(bank, axis=1, keepdims=True)
    for i, row in enumerate(embedded.documents.astype(np.float64)):
        cosines = [
            row @ unit / np.linalg.norm(row)
            for span, unit in zip(spans, bank, strict=True)
            if span.document != i
        ]
        np.testing.assert_allclose(found[i], np.mean(sorted(cosines)[-10:]), atol=1e-5)


def test_an_empty_document_counts_as_one_word():
    texts = JudgedTexts("few", ("", "one two"), ("q",), Judgements.of([{1: 1.0}], documents=2))
    assert count_words(texts).tolist() == [1.0, 2.0]
