from __future__ import annotations

import numpy as np
import pytest

from norm_aware import offline
from norm_aware.llamaindex import precision
from norm_aware.llamaindex.precision import cpu_flags, has_bfloat16, is_bfloat16

TEXTS = ["Rain falls from the clouds.", "Snow covers the hills in winter and melts in spring.", "Wind."]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx2 avx512f", False), ("fpu avx512_bf16", True), ("fpu amx_tile amx_bf16", True)],
)
def test_a_cpu_has_bfloat16_where_its_flags_say_so(tmp_path, monkeypatch, flags, expected):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: other\n")
    monkeypatch.setattr(precision, "_CPUINFO", cpuinfo)
    assert has_bfloat16("cpu") is expected
    assert is_bfloat16("auto", device="cpu") is expected
    assert is_bfloat16("bfloat16", device="cpu")
    assert not is_bfloat16("float32", device="cpu")


def test_where_nothing_is_known_of_a_device_it_has_none(tmp_path):
    assert cpu_flags(tmp_path / "nowhere") == set()
    assert not has_bfloat16("mps")


def test_bfloat16_changes_a_norm_by_less_than_half_a_percent_and_a_query_not_at_all():
    exact, rounded = offline.encoder(), offline.encoder(dtype="bfloat16")
    assert exact.fingerprint == rounded.fingerprint
    one = np.array(exact.get_text_embedding_batch(TEXTS))
    other = np.array(rounded.get_text_embedding_batch(TEXTS))
    assert not np.array_equal(one, other)
    lengths = np.linalg.norm(other, axis=1) / np.linalg.norm(one, axis=1)
    np.testing.assert_allclose(lengths, 1, atol=5e-3)
    cosines = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    assert cosines.min() > 0.999
    assert rounded.get_query_embedding(TEXTS[0]) == exact.get_query_embedding(TEXTS[0])
