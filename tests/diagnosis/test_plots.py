from itertools import pairwise

import numpy as np

from norm_aware.diagnosis.diagnosis import diagnose
from norm_aware.diagnosis.plots import BINS, POINTS


def test_every_document_stands_in_one_bin_of_its_group(full):
    plots = full.plots
    assert len(plots.edges) == BINS + 1
    assert (sum(plots.relevant), sum(plots.other)) == (80, 320)
    assert plots.edges[0] < plots.mean_other < plots.edges[-1]


def test_unjudged_documents_are_one_group(bare):
    assert (bare.plots.relevant, sum(bare.plots.other), bare.plots.mean_relevant) == ((), 400, None)
    assert bare.plots.points == ()


def test_points_are_pairs_of_length_and_norm_of_a_sample(full, task):
    norms = np.linalg.norm(np.asarray(task["documents"], dtype=np.float32).astype(float), axis=1)
    pairs = {(float(length), round(norm, 5)) for length, norm in zip(task["lengths"], norms, strict=True)}
    assert {(length, round(norm, 5)) for length, norm in full.plots.points} == pairs
    many = diagnose(np.random.default_rng(0).normal(size=(POINTS + 50, 3)), lengths=range(POINTS + 50))
    assert len(many.plots.points) == POINTS


def test_how_often_documents_are_found_adds_up_to_all_of_them(full):
    finds = full.plots.finds
    assert sum(documents for _, _, documents in finds) == 400
    assert [first for first, _, _ in finds][:5] == [0, 1, 2, 3, 5][: len(finds)]
    assert all(last + 1 == first for (_, last, _), (first, _, _) in pairwise(finds))


def test_norms_that_are_all_the_same_stand_in_the_middle_of_their_bins():
    rows = np.eye(6) * 4
    plots = diagnose(rows).plots
    assert (plots.edges[0], plots.edges[-1]) == (2, 6)
    assert sum(plots.other) == 6
