import json

import pytest

from norm_aware.calibration.candidates import as_trained
from norm_aware.cli.material import open_material
from norm_aware.model_record import write_record
from norm_aware.numeric.similarity import QUERY_NORMALIZED
from norm_aware.progress import silent
from norm_aware.settings import Settings
from tests.training.worlds import DOCUMENTS, static_base


@pytest.mark.parametrize("gamma", [None, 0.2])
def test_what_an_encoder_was_trained_by_comes_with_the_material(tmp_path, gamma):
    encoder = tmp_path / "encoder"
    static_base(encoder)
    write_record(encoder, QUERY_NORMALIZED, {}, anti_hubness=gamma)
    assert read(tmp_path, encoder).trained == as_trained(QUERY_NORMALIZED, gamma=gamma)


def test_an_encoder_without_a_record_was_trained_by_nothing_known(tmp_path):
    assert read(tmp_path, static_base(tmp_path / "encoder")).trained is None


def test_as_many_spans_are_cut_as_are_asked_for(tmp_path):
    encoder = static_base(tmp_path / "encoder")
    assert len(read(tmp_path, encoder, spans=7).corpus.pseudo_queries.embeddings) == 7
    without = read(tmp_path, encoder).corpus.pseudo_queries
    assert (without.side, len(without.embeddings)) == ("document", len(DOCUMENTS))


def read(folder, encoder, *, spans=0):
    lines = [json.dumps({"_id": f"d{text}", "text": text}) for text in DOCUMENTS]
    (folder / "corpus.jsonl").write_text("\n".join(lines))
    settings = Settings(encoder=str(encoder))
    return open_material(settings, str(folder), stored=None, split="test", spans=spans, progress=silent)
