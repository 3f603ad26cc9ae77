import dataclasses
import sys

import numpy as np
import pytest

from norm_aware.diagnosis.diagnosis import diagnose
from norm_aware.diagnosis.picture import write_png
from norm_aware.errors import MissingExtraError, SettingsError


@pytest.mark.parametrize("name", ["full", "bare"])
def test_the_picture_is_a_png_whatever_there_is_to_draw(name, request, tmp_path):
    image = pytest.importorskip("matplotlib.image")
    pixels = image.imread(write_png(request.getfixturevalue(name), tmp_path / "picture"), format="png")
    assert pixels.shape[0] > 500
    assert pixels.std() > 0.05


def test_a_direction_without_a_spectrum_and_a_name_with_dollars_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    rows = np.arange(1.0, 6.0)[:, None] * np.ones(4)
    diagnosis = dataclasses.replace(diagnose(rows, lengths=[0] * 5), encoder="$x_{$")
    assert write_png(diagnosis, tmp_path / "picture.png").stat().st_size > 0


def test_a_picture_that_cannot_be_written_is_an_error_in_words(full, tmp_path):
    pytest.importorskip("matplotlib")
    with pytest.raises(SettingsError, match="cannot be written .* name a file in a folder that exists"):
        write_png(full, tmp_path / "absent" / "picture.png")


def test_without_matplotlib_the_error_names_the_extra(full, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"norm-aware\[plots\]"):
        write_png(full, tmp_path / "picture.png")
