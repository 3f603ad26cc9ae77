import pytest
import torch
from sentence_transformers import SentenceTransformer

from norm_aware.training.base import open_base
from tests.training.worlds import static_base, transformer_base


@pytest.mark.parametrize("kind", [static_base, transformer_base])
def test_weights_saved_in_half_precision_are_trained_in_float32(tmp_path, kind):
    model = SentenceTransformer(kind(tmp_path))
    model.half().save_pretrained(str(tmp_path / "half"))
    assert {weights.dtype for weights in open_base(str(tmp_path / "half")).parameters()} == {torch.float32}
