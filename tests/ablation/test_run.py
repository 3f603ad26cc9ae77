import json
import platform
import shutil

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from norm_aware.ablation.held_out import hold_out
from norm_aware.ablation.measuring import GivenNorms, SetView
from norm_aware.ablation.plan import Ablation
from norm_aware.ablation.report import render_page
from norm_aware.ablation.run import ablate
from norm_aware.ablation.scorings import OWN, SCORINGS, UNTOUCHED
from norm_aware.calibration.judgements import Judgements
from norm_aware.errors import TrainingError
from norm_aware.numeric.similarity import COSINE
from norm_aware.training.base import open_base
from norm_aware.training.evaluation import JudgedTexts
from norm_aware.training.options import TrainingOptions
from norm_aware.training.pairs import Pair
from tests.training.worlds import DOCUMENTS, QUERIES, judged, static_base


def pairs():
    """Every query with its document, in many words, so that some can be held out."""
    return [
        Pair(f"{query} {other}", f"{document} {other}")
        for query, document in zip(QUERIES, DOCUMENTS, strict=True)
        for other in QUERIES
    ]


def ablation(base, **changed):
    options = TrainingOptions(epochs=2, batch_size=8, learning_rate=0.05, scale=5.0, device="cpu")
    plain = {"arms": ("cosine", "learnable"), "seeds": (0, 1), "options": options, "held_out": 6}
    return Ablation(base, **{"pairs": pairs(), "sets": [judged()], **plain, **changed})


def few():
    return JudgedTexts("few", ("a", "b"), ("c",), Judgements.of([{0: 1.0}], documents=2))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ablation")
    base = static_base(folder / "base")
    return base, folder / "out", ablate(ablation(base), folder / "out")


def test_every_arm_and_seed_is_measured_on_every_set_under_every_scoring(done):
    _, out, results = done
    assert set(results["arms"]) == {"cosine", "learnable"}
    with np.load(out / "values.npz") as values:
        for arm, found in results["arms"].items():
            assert set(found["runs"]) == {"0", "1"}
            for seed, run in found["runs"].items():
                assert set(run["grid"]) == {"words", "held_out"}
                for name, grid in run["grid"].items():
                    assert set(grid) == set(SCORINGS)
                    for scoring in (*SCORINGS, OWN):
                        expected = run["own"][name] if scoring == OWN else grid[scoring]
                        assert values[f"{arm}|{seed}|{name}|{scoring}"].mean() == pytest.approx(
                            expected, abs=1e-6
                        )
        assert f"{UNTOUCHED}||words|cosine" in values


def test_the_cosine_arm_is_its_own_by_cosine_and_learned_powers_leave_a_trajectory(done):
    _, _, results = done
    for run in results["arms"]["cosine"]["runs"].values():
        assert run["own"] == {name: grid["cosine"] for name, grid in run["grid"].items()}
    run = results["arms"]["learnable"]["runs"]["0"]
    powers = [row["document_power"] for row in run["trajectory"]]
    assert len(set(powers)) > 1
    assert run["similarity"] != "cosine"
    assert all(number >= 1 for number in run["conditioning"].values())


def test_each_model_is_an_ordinary_one_that_says_what_it_was_trained_by_and_no_checkpoint_is_left(done):
    _, out, _ = done
    for arm in ("cosine", "learnable"):
        folder = out / arm / "1"
        assert SentenceTransformer(str(folder / "model")).encode(["a"]).shape == (1, 8)
        assert "similarity" in json.loads((folder / "model" / "norm_aware.json").read_text())
        assert not list(folder.glob("checkpoint-*"))


def test_seeds_differ_and_every_arm_is_compared_with_cosine(done):
    _, _, results = done
    runs = results["arms"]["learnable"]["runs"]
    assert runs["0"]["trajectory"] != runs["1"]["trajectory"]
    compared = {row["kind"] for row in results["comparisons"] if row["arm"] == "learnable"}
    assert compared == {"cosine", "training", "untouched", "post_hoc", "scoring"}


def test_a_run_says_what_it_took_and_the_results_hold_each_machine_once_and_the_sum_of_seconds(done):
    _, out, results = done
    runs = [json.loads(path.read_text()) for path in out.glob("**/run.json")]
    assert len(runs) == 5
    assert results["seconds"] == pytest.approx(sum(run["seconds"] for run in runs), abs=0.06)
    assert results["hardware"] == [runs[0]["hardware"]]
    assert results["hardware"][0]["device"] == "cpu"
    assert results["versions"] == [runs[0]["versions"]]
    assert results["versions"][0]["python"] == platform.python_version()
    assert {run["learning_rate"] for arm in results["arms"].values() for run in arm["runs"].values()} == {
        0.05
    }


def test_each_run_deals_the_norms_of_its_controls_by_its_own_seed(done):
    _, out, results = done
    _, kept_back = hold_out(pairs(), 6)
    view = SetView.of(open_base(str(out / "cosine" / "1" / "model")), kept_back)
    given = GivenNorms(**results["arms"]["cosine"]["runs"]["1"]["given"])
    with np.load(out / "cosine" / "1" / "values.npz") as values:
        found = values["held_out|dot, shuffled"]
    np.testing.assert_allclose(found, view.ndcg(given, seed=1)["dot, shuffled"], atol=1e-6)
    assert not np.allclose(found, view.ndcg(given, seed=0)["dot, shuffled"])


def test_what_is_complete_is_not_done_again_and_arms_and_seeds_may_be_added(done, tmp_path):
    base, out, results = done
    shutil.copytree(out, tmp_path / "out")
    kept = tmp_path / "out" / "cosine" / "0" / "run.json"
    marked = json.loads(kept.read_text()) | {"seconds": -1.0}
    kept.write_text(json.dumps(marked))
    shutil.rmtree(tmp_path / "out" / "learnable" / "1")  # as if stopped before
    again = ablate(ablation(base, arms=("cosine", "learnable", "dot+learn_scale")), tmp_path / "out")
    assert again["arms"]["cosine"]["runs"]["0"] == marked
    assert again["arms"]["learnable"]["runs"]["0"] == results["arms"]["learnable"]["runs"]["0"]
    same, first = (of["arms"]["learnable"]["runs"]["1"] for of in (again, results))
    assert same["grid"] == first["grid"]
    assert set(again["arms"]) == {"cosine", "learnable", "dot+learn_scale"}


def test_a_folder_of_another_ablation_is_refused_and_stays_as_it_is(done):
    base, out, _ = done
    before = (out / "results.json").read_text()
    with pytest.raises(TrainingError, match="another folder"):
        ablate(ablation(base, options=TrainingOptions(epochs=3)), out)
    assert (out / "results.json").read_text() == before


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"arms": ("dot", "dot")}, "arms are"),
        ({"arms": ()}, "arms are"),
        ({"seeds": (1, 1)}, "seeds are"),
        ({"in_domain": ("word",)}, "no set 'word'; the sets are words"),
        ({"arms": ("euclidean",)}, "power family"),
        ({"arms": ("dot+learn_scale", " dot + learn_scale")}, "each once"),
        ({"arms": ("dot+learn_scale", "dot+learn_scale=true")}, "each once"),
        ({"arms": ("dot", "cosine+norm_head")}, "arm 'cosine.norm_head' cannot be trained. A norm head"),
        ({"arms": ("dot+freeze_encoder",)}, "frozen and nothing else"),
        ({"held_out": 1}, "'held_out' has 1 queries; at least 2"),
        ({"sets": [few()]}, "'few' has 1 queries; at least 2"),
    ],
)
def test_an_ablation_that_cannot_be_is_refused_before_anything_is_trained(changed, words):
    with pytest.raises(TrainingError, match=words):
        ablation("nowhere", **changed)


def test_an_arm_with_an_anti_hubness_norm_is_its_own_with_it_and_cosine_without(done, tmp_path):
    base, _, _ = done
    name = "cosine+anti_hubness=0.3"
    results = ablate(ablation(base, arms=("cosine", name), seeds=(0,)), tmp_path)
    run = results["arms"][name]["runs"]["0"]
    gammas = [row["gamma"] for row in run["trajectory"]]
    assert 0 < gammas[-1] < 0.4
    assert run["gamma"] == pytest.approx(gammas[-1], abs=0.001)  # logged before the last step
    assert results["arms"]["cosine"]["runs"]["0"]["gamma"] is None
    model = open_base(str(tmp_path / name / "0" / "model"))
    _, kept = hold_out(pairs(), 6)
    view = SetView.of(model, kept)
    with np.load(tmp_path / "values.npz") as values:
        np.testing.assert_array_equal(
            values[f"{name}|0|held_out|own"], view.own(COSINE, run["gamma"]).astype(np.float32)
        )


def test_without_a_cosine_arm_an_ablation_comes_to_its_end(done, tmp_path):
    base, _, _ = done
    results = ablate(ablation(base, arms=("dot",), seeds=(0,)), tmp_path)
    assert {row["kind"] for row in results["comparisons"]} == {"untouched", "scoring"}


def test_a_loss_without_a_condition_number_does_not_stop_a_run(done, tmp_path, monkeypatch):
    base, _, _ = done

    def saturated(*_, **__):
        raise TrainingError("The loss has the same gradient for every pair.")

    monkeypatch.setattr("norm_aware.ablation.run.condition_numbers", saturated)
    results = ablate(ablation(base, arms=("cosine",), seeds=(0,)), tmp_path)
    assert results["untouched_conditioning"] is None
    assert results["arms"]["cosine"]["runs"]["0"]["conditioning"] is None
    assert "Condition numbers" not in render_page(results)
