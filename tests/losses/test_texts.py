import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.errors import TrainingError
from norm_aware.losses.texts import read_texts

rows = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=4), min_size=1, max_size=6)


def padded(texts):
    width = max(map(len, texts)) + 1
    ids = [[*text, *[0] * (width - len(text))] for text in texts]
    mask = [[1] * len(text) + [0] * (width - len(text)) for text in texts]
    return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}


def flat(texts):
    starts = [sum(map(len, texts[:i])) for i in range(len(texts))]
    return {
        "input_ids": torch.tensor([token for text in texts for token in text]),
        "offsets": torch.tensor(starts),
    }


@given(rows)
def test_texts_are_equal_exactly_where_their_tokens_are(texts):
    for form in (padded, flat):
        digests = read_texts(form(texts)).digests.tolist()
        assert [[a == b for b in digests] for a in digests] == [[a == b for b in texts] for a in texts]


@given(rows)
def test_padded_and_flattened_tokens_are_read_alike(texts):
    one, other = read_texts(padded(texts)), read_texts(flat(texts))
    assert torch.equal(one.digests, other.digests)
    assert one.lengths.tolist() == other.lengths.tolist() == [len(text) for text in texts]


def test_padding_on_the_left_does_not_make_another_text():
    left = {"input_ids": torch.tensor([[0, 3, 4]]), "attention_mask": torch.tensor([[0, 1, 1]])}
    assert read_texts(left).digests.tolist() == read_texts(padded([[3, 4]])).digests.tolist()


def test_features_without_tokens_are_refused_by_name():
    with pytest.raises(TrainingError, match="pixel_values"):
        read_texts({"pixel_values": torch.zeros(1)})
