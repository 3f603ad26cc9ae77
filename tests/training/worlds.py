"""Words that go together by a rule a table can learn, as training pairs and as a judged set."""

import json
import shutil
from tempfile import TemporaryDirectory

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from norm_aware.calibration.judgements import Judgements
from norm_aware.training.evaluation import JudgedTexts
from norm_aware.training.options import TrainingOptions
from norm_aware.training.pairs import Pair
from tests.losses.models import WORDS, table

QUERIES, DOCUMENTS = WORDS[1:9], WORDS[9:17]


def pairs():
    sources = ["former"] * 4 + ["latter"] * 4
    return [Pair(q, d, (), source) for q, d, source in zip(QUERIES, DOCUMENTS, sources, strict=True)] * 4


def judged():
    grades = [{i: 1.0} for i in range(len(QUERIES))]
    return JudgedTexts("words", tuple(DOCUMENTS), tuple(QUERIES), Judgements.of(grades, documents=8))


def static_base(folder):
    table(dimension=8).save_pretrained(str(folder))
    return str(folder)


def perfect_base(folder):
    """A table that puts each query at its document."""
    model = table(dimension=8)
    rows = model[0].embedding.weight.data
    rows[1:9] = rows[9:17]
    model.save_pretrained(str(folder))
    return str(folder)


def transformer_base(folder):
    """A transformer of one small layer with weights of chance."""
    open_transformer().save_pretrained(str(folder / "model"))
    return str(folder / "model")


def open_transformer(seed=0, *, dropout=0.0):
    torch.manual_seed(seed)
    words = Tokenizer(WordLevel({word: i for i, word in enumerate(["[PAD]", *WORDS])}, unk_token=WORDS[0]))
    words.pre_tokenizer = Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", unk_token=WORDS[0])  # noqa: S106
    config = BertConfig(
        vocab_size=len(WORDS) + 1,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    with TemporaryDirectory() as folder:
        BertModel(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        module = Transformer(folder, max_seq_length=8)
    return SentenceTransformer(modules=[module, Pooling(16)], device="cpu")


def write_lines(file, lines):
    """A JSONL file's path."""
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(file)


def write_judged(folder):
    """The judged set as a folder in BEIR's layout."""
    folder.mkdir()
    write_lines(folder / "corpus.jsonl", [{"_id": f"d{d}", "text": d} for d in DOCUMENTS])
    write_lines(folder / "queries.jsonl", [{"_id": f"q{q}", "text": q} for q in QUERIES])
    lines = [f"q{q}\td{d}\t1" for q, d in zip(QUERIES, DOCUMENTS, strict=True)]
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "\n".join(lines) + "\n")
    return str(folder)


def options(**changed):
    return TrainingOptions(
        **{"epochs": 10, "batch_size": 8, "learning_rate": 0.05, "scale": 5.0, "device": "cpu", **changed}
    )


def lose_last_checkpoint(out):
    """Leave a training's folder as if it had been killed before the last checkpoint."""
    kept = sorted(out.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    for path in (kept[-1], out / "model"):
        shutil.rmtree(path)
