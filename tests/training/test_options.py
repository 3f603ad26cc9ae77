import math

import pytest

from norm_aware.errors import TrainingError
from norm_aware.training.options import TrainingOptions


@pytest.mark.parametrize(
    "changed",
    [
        *(
            {name: 0}
            for name in ("batch_size", "mini_batch_size", "lora", "evaluations", "patience", "spans")
        ),
        *({name: -1} for name in ("hard_negatives", "seed", "negative_variance", "norm_length")),
        *(
            {name: value}
            for name in ("epochs", "learning_rate", "scale")
            for value in (0.0, math.nan, math.inf)
        ),
        *({"anti_hubness": value} for value in (0.0, 0.4, 0.5, math.nan)),
        {"warmup": 1.5},
        {"learn_scale": True, "scale": 101.0},
    ],
)
def test_a_number_out_of_range_is_refused_by_name_before_anything_is_loaded(changed):
    with pytest.raises(TrainingError, match="scale" if "learn_scale" in changed else next(iter(changed))):
        TrainingOptions(**changed)


def test_the_defaults_and_what_may_be_left_out_are_taken():
    TrainingOptions(learning_rate=None, mini_batch_size=None, lora=None, patience=None, anti_hubness=None)
