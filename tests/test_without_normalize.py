import pytest
from sentence_transformers.sentence_transformer.modules import Normalize
from torch import nn

from norm_aware.errors import EmbeddingError
from norm_aware.without_normalize import without_normalize


def test_only_the_normalize_modules_at_the_end_are_left_out():
    first, early, last = nn.Linear(2, 2), Normalize(), nn.Linear(2, 2)
    assert without_normalize([first, early, last, Normalize(), Normalize()]) == [first, early, last]
    assert without_normalize([first]) == [first]


def test_a_model_of_nothing_else_is_refused():
    with pytest.raises(EmbeddingError, match="no module but Normalize"):
        without_normalize([Normalize(), Normalize()])
