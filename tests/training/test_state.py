import math
from types import SimpleNamespace

import pytest
import torch

from norm_aware.errors import TrainingError
from norm_aware.losses.anti_hubness import AntiHubnessLength
from norm_aware.losses.info_nce import InfoNCELoss
from norm_aware.training.state import LossState
from tests.losses.models import table


@pytest.mark.parametrize(("part", "said"), [("document_length", "gamma"), ("similarity", "query_power")])
def test_a_training_whose_learned_numbers_are_none_any_more_ends_with_their_names(part, said):
    model = table()
    loss = InfoNCELoss(model, "learnable", document_length=AntiHubnessLength(model, ["a"], ["b"]))
    state = SimpleNamespace(global_step=4, log_history=[])
    LossState(loss).on_log(None, state, None, {})
    with torch.no_grad():
        for parameter in getattr(loss, part).parameters():
            parameter.fill_(math.nan)
    with pytest.raises(TrainingError, match=f"step 4 {said}"):
        LossState(loss).on_log(None, state, None, {})
