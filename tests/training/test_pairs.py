import gzip
import json

import pytest
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments

from norm_aware.errors import DatasetError
from norm_aware.losses.info_nce import InfoNCELoss
from norm_aware.training.pairs import Pair, as_dataset, by_source, check_pairs, count_batches, read_pairs
from tests.losses.models import WORDS, table


def write(path, *records):
    text = "".join(json.dumps(record) + "\n" for record in records)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def test_a_line_holds_its_texts(tmp_path):
    path = write(
        tmp_path / "pairs.jsonl",
        {"query": "q", "document": "d", "source": "s"},
        {"query": "r", "positive": "e", "negatives": ["n"]},
    )
    assert read_pairs(path) == [Pair("q", "d", (), "s"), Pair("r", "e", ("n",))]


def test_a_line_may_name_passages_that_lie_beside_it(tmp_path):
    write(tmp_path / "passages.jsonl.gz", {"_id": "1", "title": "T", "text": "x"}, {"_id": "2", "text": "y"})
    path = write(tmp_path / "pairs.jsonl.gz", {"query": "q", "passage_id": "1", "negatives": ["2"]})
    assert read_pairs(path) == [Pair("q", "T\nx", ("y",))]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"document": "d"}, "line 1: 'query' is missing"),
        ({"query": " ", "document": "d"}, "line 1: 'query' is missing, empty"),
        ({"query": "q"}, "line 1: neither a 'document' nor a 'passage_id'"),
        ({"query": "q", "passage_id": "7"}, "line 1: passage '7' is not among 0 passages"),
        ({"query": "q", "document": "d", "negatives": "n"}, "line 1: 'negatives' must be a list"),
        ([1], "line 1: a JSON object is needed, this is a list"),
    ],
)
def test_a_broken_line_is_named(tmp_path, record, said):
    with pytest.raises(DatasetError, match=said.replace("(", r"\(")):
        read_pairs(write(tmp_path / "pairs.jsonl", record))


def test_a_missing_and_an_empty_file_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="no file"):
        read_pairs(tmp_path / "absent.jsonl")
    with pytest.raises(DatasetError, match="is empty"):
        read_pairs(write(tmp_path / "pairs.jsonl"))


def test_hard_negatives_become_columns_and_every_pair_has_as_many():
    dataset = as_dataset([Pair("q", "d", ("n", "m")), Pair("r", "e", ("o", "p"))])
    assert dataset.column_names == ["query", "document", "negative_1", "negative_2"]
    assert dataset[1] == {"query": "r", "document": "e", "negative_1": "o", "negative_2": "p"}
    with pytest.raises(DatasetError, match="0 to 1 hard negatives"):
        as_dataset([Pair("q", "d", ("n",)), Pair("r", "e")])


def test_pairs_by_source_keep_their_order_and_may_differ_in_hard_negatives():
    found = by_source([Pair("q", "d", ("n",), "s"), Pair("r", "e"), Pair("t", "f", ("m",), "s")])
    assert {name: part.to_dict() for name, part in found.items()} == {
        "s": {"query": ["q", "t"], "document": ["d", "f"], "negative_1": ["n", "m"]},
        "no source": {"query": ["r"], "document": ["e"]},
    }


@pytest.mark.parametrize("seed", [0, 1])
def test_the_trainer_makes_each_batch_of_one_source_and_uses_every_pair_once(tmp_path, seed):
    model = table()
    words, sources = "abcdefghijk", "xxxxxyyyyzz"
    dataset = by_source([Pair(word, word, (), source) for word, source in zip(words, sources, strict=True)])
    arguments = SentenceTransformerTrainingArguments(
        str(tmp_path), per_device_train_batch_size=2, report_to="none", use_cpu=True, seed=seed
    )
    trainer = SentenceTransformerTrainer(model, arguments, train_dataset=dataset, loss=InfoNCELoss(model))
    batches = [
        [WORDS[i] for i in batch["query_input_ids"].tolist()] for batch in trainer.get_train_dataloader()
    ]
    assert len(batches) == count_batches(dataset, 2) == 6
    assert count_batches(as_dataset([Pair("q", "d")] * 11), 2) == 6
    assert all(len({sources[words.index(word)] for word in batch}) == 1 for batch in batches)
    assert sorted(word for batch in batches for word in batch) == [*words]


def test_pairs_that_teach_nothing_or_differ_in_negatives_are_told_early():
    pairs = [Pair("q", "d", (), "x"), Pair("r", "e", (), "x"), Pair("t", "f", (), "y"), Pair("u", "g")]
    check_pairs(pairs)
    check_pairs(pairs, one_source=True, mined=True)
    with pytest.raises(DatasetError, match="2 of 3 sources"):
        check_pairs(pairs, one_source=True)
    uneven = [Pair("q", "d", ("n",), "x"), Pair("r", "e", (), "y"), Pair("t", "f", (), "y")]
    check_pairs(uneven, one_source=True)
    with pytest.raises(DatasetError, match="0 to 1 hard negatives"):
        check_pairs(uneven)
