import pytest
from huggingface_hub import ModelCard
from sentence_transformers import SentenceTransformer

from norm_aware.numeric.similarity import DOT, PowerSimilarity
from norm_aware.training.model_card import CARD, name_in_card
from norm_aware.training.train import save
from tests.losses.models import table

LEARNED = PowerSimilarity(query_power=0.123456789, document_power=0.25)


@pytest.mark.parametrize("similarity", [DOT, LEARNED])
def test_the_card_names_the_similarity_and_keeps_it_when_the_model_is_saved_again(tmp_path, similarity):
    save(table(), similarity, tmp_path / "model", {})
    SentenceTransformer(str(tmp_path / "model")).save_pretrained(str(tmp_path / "again"))
    for folder in ("model", "again"):
        text = (tmp_path / folder / CARD).read_text()
        assert f"**Similarity Function:** `{similarity.name}`" in text
        assert text.count("**Similarity Function:**") == 1
        assert "sentence-transformers" in ModelCard(text).data.tags


def test_a_model_without_a_card_is_given_one(tmp_path):
    name_in_card(tmp_path, LEARNED)
    assert LEARNED.name in (tmp_path / CARD).read_text()


def test_a_card_without_the_line_keeps_its_text_and_names_the_similarity_after_it(tmp_path):
    (tmp_path / CARD).write_text("# A model\n\nIts story.\n")
    name_in_card(tmp_path, LEARNED)
    text = (tmp_path / CARD).read_text()
    assert text.startswith("# A model\n\nIts story.\n\n- ")
    assert LEARNED.name in text
