"""The losses in sentence-transformers' own trainer."""

import pytest
from datasets import Dataset
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments

from norm_aware.losses import InfoNCELoss, NegativeVarianceLoss, NormRegularizer
from tests.losses.models import WORDS, table

PAIRS = Dataset.from_dict({"query": WORDS[1:9], "document": WORDS[9:17]})


def train(model, loss, folder, **options):
    arguments = SentenceTransformerTrainingArguments(
        folder, per_device_train_batch_size=4, learning_rate=0.05, report_to="none", use_cpu=True,
        disable_tqdm=True, save_strategy="no", **{"num_train_epochs": 20, **options},
    )  # fmt: skip
    trainer = SentenceTransformerTrainer(model, arguments, train_dataset=PAIRS, loss=loss)
    return trainer.train(), trainer


@pytest.mark.filterwarnings("ignore:.*pin_memory.*:UserWarning")
@pytest.mark.parametrize("name", ["cosine", "dot", "query_normalized", "document_normalized", "learnable"])
def test_the_trainer_lowers_every_arms_loss(name, tmp_path):
    model = table()
    loss = InfoNCELoss(model, name, scale=5.0, learn_scale=name == "learnable")
    before = [parameter.detach().clone() for parameter in loss.similarity.parameters()]
    _, trainer = train(model, NegativeVarianceLoss(NormRegularizer(loss), weight=0.1), tmp_path)
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry] or [
        trainer.state.log_history[-1]["train_loss"]
    ]
    batch = [model.preprocess(PAIRS[column]) for column in ("query", "document")]
    assert loss(batch).item() < losses[0]
    changed = [(a - b).abs().item() for a, b in zip(before, loss.similarity.parameters(), strict=True)]
    assert len(changed) == (2 if name == "learnable" else 0)
    assert all(change > 0 for change in changed)
