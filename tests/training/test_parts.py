import numpy as np
import pytest
import torch

from norm_aware.errors import TrainingError
from norm_aware.training.curriculum import Curriculum
from norm_aware.training.options import TrainingOptions
from norm_aware.training.parts import add_parts, check_parts
from tests.training.worlds import DOCUMENTS, open_transformer


@pytest.mark.parametrize(
    ("similarity", "changed", "said"),
    [
        ("learnable", {"curriculum": Curriculum("cosine", "dot"), "freeze_encoder": True}, "curriculum"),
        ("cosine", {"norm_head": True}, "norm never counts"),
        ("document_normalized", {"norm_head": True}, "norm never counts"),
        ("dot", {"norm_head": True, "curriculum": Curriculum("cosine", "document_normalized")}, "never"),
        ("euclidean", {}, "power family"),
        ("cosine", {"freeze_encoder": True}, "nothing else"),
    ],
)
def test_parts_that_would_learn_nothing_are_refused(similarity, changed, said):
    with pytest.raises(TrainingError, match=said):
        check_parts(TrainingOptions(**changed), similarity)


@pytest.mark.parametrize(
    ("similarity", "changed"),
    [
        ("learnable", {"norm_head": True, "freeze_encoder": True}),
        ("cosine", {"norm_head": True, "curriculum": Curriculum("cosine", "query_normalized")}),
        ("cosine", {"norm_head": True, "curriculum": Curriculum("dot", "cosine")}),
        ("document_power=0.5", {"norm_head": True}),
    ],
)
def test_parts_that_learn_something_are_taken(similarity, changed):
    check_parts(TrainingOptions(**changed), similarity)


def test_a_frozen_encoder_drops_nothing_out_in_training_and_one_that_is_not_does():
    batch = open_transformer().preprocess(DOCUMENTS)
    found = []
    for freeze in (True, False):
        model = open_transformer(dropout=0.5)
        expected = model.encode(DOCUMENTS)
        add_parts(model, TrainingOptions(freeze_encoder=freeze))
        model.train()
        with torch.no_grad():
            found.append(np.abs(model(dict(batch))["sentence_embedding"].numpy() - expected).max())
    assert found[0] < 1e-5 < 0.1 < found[1]
