import pytest
import torch
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments

from norm_aware.losses.info_nce import InfoNCELoss
from norm_aware.losses.texts import read_texts
from norm_aware.training.document_length import cut_bank
from norm_aware.training.evaluation import embed_texts
from norm_aware.training.options import TrainingOptions
from norm_aware.training.pairs import Pair, as_dataset, by_source
from norm_aware.training.prompts import column_prompts
from norm_aware.training.train import train
from tests.losses.models import table
from tests.training.worlds import open_transformer, pairs

PAIRS = [Pair("a", "b", ("c",), "query"), Pair("d", "e", ("f",), "query"), Pair("g", "h", ("i",), "other")]
PROMPTS = {"query": "o ", "document": "p p "}


def prompted(make=table):
    model = make()
    model.prompts = dict(PROMPTS)
    return model


def test_the_first_column_has_the_querys_prompt_and_all_others_the_documents():
    found = column_prompts(prompted(), as_dataset(PAIRS))
    assert found == {"query": "o ", "document": "p p ", "negative_1": "p p "}
    assert column_prompts(table(), as_dataset(PAIRS)) is column_prompts(table(), by_source(PAIRS)) is None
    model = table()
    model.prompts = {"query": "o ", "document": ""}
    assert column_prompts(model, as_dataset(PAIRS)) == {"query": "o "}


@pytest.mark.parametrize("make", [table, open_transformer])
@pytest.mark.parametrize("arrange", [as_dataset, by_source])
def test_a_batch_embeds_texts_as_evaluation_does_even_where_a_source_is_named_as_a_column(
    tmp_path, make, arrange
):
    model, dataset = prompted(make), arrange(PAIRS)
    arguments = SentenceTransformerTrainingArguments(
        str(tmp_path),
        prompts=column_prompts(model, dataset),
        per_device_train_batch_size=1,
        report_to="none",
        use_cpu=True,
    )
    trainer = SentenceTransformerTrainer(model, arguments, train_dataset=dataset, loss=InfoNCELoss(model))
    model.eval()
    seen = []
    for batch in trainer.get_train_dataloader():
        columns, _ = trainer.collect_features(batch)
        seen += [tuple(model(column)["sentence_embedding"][0].tolist() for column in columns)]
    expected = [
        tuple(
            embed_texts(model, [text], kind)[0].tolist()
            for text, kind in (
                (pair.query, "query"),
                (pair.document, "document"),
                (pair.negatives[0], "document"),
            )
        )
        for pair in PAIRS
    ]
    for found, of in zip(sorted(seen), sorted(expected), strict=True):
        torch.testing.assert_close(torch.tensor(found), torch.tensor(of))


@pytest.mark.parametrize("make", [table, open_transformer])
def test_the_bank_has_the_querys_prompt_and_knows_documents_behind_theirs(make):
    model = prompted(make)
    length = cut_bank(model, PAIRS, gamma=0.3, spans=50)
    assert len(length.bank) == 50
    texts = ["b", "c", "e", "f", "h", "i"]
    known = read_texts(model.preprocess(texts, prompt=PROMPTS["document"])).digests
    assert set(length.sources.tolist()) == set(known.tolist())
    queries = torch.from_numpy(embed_texts(model, texts, "query"))
    unit = torch.nn.functional.normalize(queries)
    assert (length.bank @ unit.T).max(dim=1).values.min().item() == pytest.approx(1.0, abs=1e-5)


def test_a_trained_model_keeps_its_prompts_and_was_trained_behind_them(tmp_path):
    found = []
    for name, prompts in (("with", PROMPTS), ("without", {})):
        model = table(dimension=8)
        model.prompts = dict(prompts)
        model.save_pretrained(str(tmp_path / name))
        options = TrainingOptions(epochs=1, batch_size=8, learning_rate=0.05, device="cpu")
        trained = train(pairs(), str(tmp_path / name), out=tmp_path / f"{name}-out", options=options).model
        found.append(trained[0].embedding.weight.detach()[15:] - model[0].embedding.weight.detach()[15:])
        assert {kind: trained.prompts[kind] for kind in prompts} == prompts
    assert found[0].abs().max() > 1e-3  # the words of the prompts, o and p
    assert not torch.allclose(*found)
