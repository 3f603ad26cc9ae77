"""Losses on sentence-transformers' contract in which the length of an embedding may count."""

from norm_aware.losses.anti_hubness import AntiHubnessLength
from norm_aware.losses.info_nce import InfoNCELoss
from norm_aware.losses.negative_variance import NegativeVarianceLoss
from norm_aware.losses.norm_regularizer import NormRegularizer
from norm_aware.losses.trainable_similarity import TrainableSimilarity

__all__ = [
    "AntiHubnessLength",
    "InfoNCELoss",
    "NegativeVarianceLoss",
    "NormRegularizer",
    "TrainableSimilarity",
]
