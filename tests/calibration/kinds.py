"""A calibration of every kind, on a few documents, shared by the tests."""

from __future__ import annotations

import numpy as np
import pytest

from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.corpus import PseudoQueries
from norm_aware.calibration.hubness import AntiHubness, HubBias
from norm_aware.numeric.euclidean import EuclideanSimilarity
from norm_aware.numeric.logistic_similarity import LogisticSimilarity
from norm_aware.numeric.radial import RadialSimilarity
from norm_aware.numeric.scaled_similarity import ScaledSimilarity
from norm_aware.numeric.similarity import DOT, PowerSimilarity
from norm_aware.numeric.transform import Transform

GENERATOR = np.random.default_rng(0)
QUERIES = GENERATOR.normal(size=(6, 4)).astype(np.float32)
DOCUMENTS = (GENERATOR.normal(size=(25, 4)) * GENERATOR.lognormal(0, 0.7, size=(25, 1))).astype(np.float32)
IDS = [f"d{i}" for i in range(25)]
SOURCES = GENERATOR.integers(25, size=40)
SPANS = (DOCUMENTS[SOURCES] + GENERATOR.normal(0, 0.3, size=(40, 4))).astype(np.float32)
BANK = GENERATOR.normal(size=(15, 4)).astype(np.float32)
TRANSFORM, SPACE = (
    Transform(*GENERATOR.normal(0, 0.2, size=(2, 4)), GENERATOR.normal(size=(4, 4))) for _ in range(2)
)
GIVEN = AntiHubness(SPACE, PseudoQueries(SPANS, tuple(IDS[i] for i in SOURCES)), 0.3)
BIAS = HubBias(BANK, 0.25)
SCALED = ScaledSimilarity(0.9, query_mean=2, query_scale=1, document_mean=2, document_scale=1.5)
LOGISTIC = LogisticSimilarity(
    intercept=-1,
    cosine=8,
    query_norm=0.5,
    document_norm=-0.7,
    product=1.5,
    query_mean=2,
    query_scale=1,
    document_mean=2,
    document_scale=1.5,
)


def made(**parts: object) -> Calibration:
    return Calibration("encoder", "0123", TRANSFORM, **parts)


KINDS = {
    "transform alone": made(),
    "power": made(similarity=PowerSimilarity(document_power=-0.5), anti_hubness=GIVEN),
    "dot": made(similarity=DOT, hub_bias=None, anti_hubness=GIVEN),
    "hub bias": made(hub_bias=BIAS),
    "everything": made(similarity=PowerSimilarity(0, 0.25), anti_hubness=GIVEN, hub_bias=BIAS),
    "euclidean": made(similarity=EuclideanSimilarity(), anti_hubness=GIVEN),
    "scaled": made(similarity=SCALED, anti_hubness=GIVEN, hub_bias=BIAS),
    "radial": made(similarity=RadialSimilarity(0.5, norm_mean=2, norm_scale=1), hub_bias=BIAS),
    "logistic": made(similarity=LOGISTIC, anti_hubness=GIVEN, hub_bias=BIAS),
    "cosine": Calibration.cosine(("encoder", "0123"), dimension=4),
}
kinds = pytest.mark.parametrize("calibration", KINDS.values(), ids=KINDS)
