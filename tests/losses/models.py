"""Models small enough to differentiate by finite differences: a table over a handful of words."""

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

WORDS = ["[UNK]", *"abcdefghijklmnop"]


def table(*, dimension=4, seed=0, scale=1.0):
    """A static encoder."""
    return SentenceTransformer(
        modules=[StaticEmbedding(word_tokenizer(), embedding_weights=weights(dimension, seed, scale).numpy())]
    )


def word_tokenizer():
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token=WORDS[0]))
    tokenizer.pre_tokenizer = Whitespace()
    return tokenizer


def weights(dimension, seed, scale):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(len(WORDS), dimension, generator=generator) * scale


class PaddedTable(InputModule):
    """The same, over padded rows with a mask, as a transformer has them."""

    max_seq_length = None

    def __init__(self, seed=0):
        super().__init__()
        self.tokenizer = word_tokenizer()
        self.embedding = torch.nn.Embedding.from_pretrained(weights(4, seed, 1.0), freeze=False)

    def preprocess(self, inputs, **_):
        rows = [self.tokenizer.encode(text).ids for text in inputs]
        width = max(map(len, rows))
        return {
            "input_ids": torch.tensor([row + [0] * (width - len(row)) for row in rows]),
            "attention_mask": torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows]),
        }

    def forward(self, features, **_):
        mask = features["attention_mask"][..., None]
        summed = (self.embedding(features["input_ids"]) * mask).sum(dim=1)
        return {**features, "sentence_embedding": summed / mask.sum(dim=1)}

    def save(self, output_path, **_):
        raise NotImplementedError


def padded_table(seed=0):
    """An encoder whose batches can be split."""
    return SentenceTransformer(modules=[PaddedTable(seed)])


def features(model, *columns):
    """A batch as the trainer hands it to a loss."""
    return [model.preprocess(list(column)) for column in columns]
