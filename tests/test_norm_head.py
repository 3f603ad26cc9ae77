import subprocess
import sys

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize

from norm_aware import RawEmbedding
from norm_aware.norm_head import NormHead, open_model
from tests.losses.models import table

WORDS = ["a", "b c", "d e f"]


def headed(*, seed=1):
    model = table()
    head = NormHead(4)
    torch.nn.init.normal_(head.head.weight, generator=torch.Generator().manual_seed(seed))
    model.append(head)
    return model, head


def test_at_first_every_norm_is_1_and_every_direction_the_encoders():
    model = table()
    raw = model.encode(WORDS).astype(np.float64)
    model.append(NormHead(4))
    np.testing.assert_allclose(
        model.encode(WORDS), raw / np.linalg.norm(raw, axis=1, keepdims=True), rtol=1e-6
    )


def test_it_is_the_formula_in_float64():
    raw = table().encode(WORDS).astype(np.float64)
    model, head = headed()
    unit = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    lengths = np.exp(unit @ head.head.weight.detach().double().numpy()[0])
    np.testing.assert_allclose(model.encode(WORDS), unit * lengths[:, None], rtol=1e-5)


def test_its_gradients_are_those_of_finite_differences():
    head = NormHead(4).double()
    torch.nn.init.normal_(head.head.weight)
    rows = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    inputs = (rows, head.head.weight)
    assert torch.autograd.gradcheck(
        lambda r, _: head({"sentence_embedding": r})["sentence_embedding"], inputs
    )


def test_a_zero_vector_stays_one_and_has_a_finite_gradient():
    rows = torch.zeros(2, 4, requires_grad=True)
    found = NormHead(4)({"sentence_embedding": rows})["sentence_embedding"]
    found.sum().backward()
    assert not found.any()
    assert bool(torch.isfinite(rows.grad).all())


def test_a_new_process_loads_what_was_saved_and_trusts_no_code(tmp_path):
    model, _ = headed()
    model.save_pretrained(str(tmp_path))
    script = (
        "import sys, numpy as np; from norm_aware import RawEmbedding; e = RawEmbedding(sys.argv[1]); "
        "np.save(sys.argv[2], e.get_text_embedding_batch(['a', 'b c', 'd e f']))"
    )
    file = tmp_path / "found.npy"
    subprocess.run([sys.executable, "-c", script, str(tmp_path), str(file)], check=True, timeout=300)
    np.testing.assert_allclose(np.load(file), model.encode(WORDS), rtol=1e-6)


def test_two_heads_have_two_fingerprints():
    first, other = (RawEmbedding("m", model=model).fingerprint for model, _ in (headed(), headed(seed=2)))
    assert first != other


def test_a_module_of_any_other_package_still_asks_for_trust(tmp_path):
    model, _ = headed()
    model.save_pretrained(str(tmp_path))
    modules = tmp_path / "modules.json"
    modules.write_text(modules.read_text().replace("norm_aware.norm_head.NormHead", "elsewhere.Head"))
    with pytest.raises(ValueError, match="trust_remote_code"):
        open_model(str(tmp_path))


def test_sentence_transformers_loads_it_where_it_is_told_to_trust(tmp_path):
    model, _ = headed()
    model.save_pretrained(str(tmp_path))
    loaded = SentenceTransformer(str(tmp_path), trust_remote_code=True)
    np.testing.assert_allclose(loaded.encode(WORDS), model.encode(WORDS), rtol=1e-6)


def test_a_normalize_before_it_changes_nothing():
    model, head = headed()
    between = SentenceTransformer(modules=[table()[0], Normalize(), head])
    np.testing.assert_allclose(between.encode(WORDS), model.encode(WORDS), rtol=1e-5)


def test_its_lengths_are_not_rounded_under_autocast():
    _, head = headed()
    rows = torch.randn(64, 4, generator=torch.Generator().manual_seed(2))
    expected = head({"sentence_embedding": rows})["sentence_embedding"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = head({"sentence_embedding": rows})["sentence_embedding"]
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)


def test_an_ordinary_model_is_opened_without_the_private_way(tmp_path, monkeypatch):
    model = table()
    model.save_pretrained(str(tmp_path))
    monkeypatch.delattr(SentenceTransformer.__mro__[1], "_load_with_module_classes")
    assert not hasattr(SentenceTransformer, "_load_with_module_classes")
    np.testing.assert_array_equal(open_model(str(tmp_path)).encode(WORDS), model.encode(WORDS))
