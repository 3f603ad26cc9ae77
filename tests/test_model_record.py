import pytest

from norm_aware.errors import TrainingError
from norm_aware.model_record import FILE, read_similarity, write_record
from norm_aware.numeric.similarity import PowerSimilarity


def test_the_similarity_written_is_the_one_read(tmp_path):
    similarity = PowerSimilarity(document_power=0.25)
    write_record(tmp_path, similarity, {"base": "x"})
    assert read_similarity(tmp_path) == similarity


def test_a_folder_that_says_nothing_names_none(tmp_path):
    assert read_similarity(tmp_path) is None


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"similarity": "nearness"}', '{"similarity": 3}'])
def test_a_broken_file_is_refused_by_name(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(TrainingError, match=FILE):
        read_similarity(tmp_path)
