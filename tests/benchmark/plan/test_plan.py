"""A plan means what it says, inherits what it says once, and is refused by file and line."""

from __future__ import annotations

import json

import pytest

from norm_aware.benchmark.plan.plan import Plan, read_plan
from norm_aware.errors import PlanError
from norm_aware.numeric.similarity import DOT, PowerSimilarity

YAML = """\
dataset: pydocs
limit: 20
defaults:
  k: 4
  llm: small
llms:
  small: smollm2
  big: {model: gpt-4.1, api_key_env: MY_KEY, price: {prompt: 2, completion: 8}, temperature: 0.5}
judge: {model: big, repeats: 3}
baseline: plain
systems:
  - retriever: dot
    k: 2
  - name: plain
    retriever: cosine
    prompt: {system: Be brief.}
  - {retriever: hybrid, similarity: dot, alpha: 0.25, reranker: document_power=0.5, rerank_depth: 20}
  - {retriever: stock, reranker: cross-encoder/some-model, exact: false}
  - bm25
compare: {correction: fdr, margin: 0.02}
gate: ["nDCG@10 >= baseline - 0.01"]
"""

TOML = """\
dataset = "pydocs"
limit = 20
baseline = "plain"
gate = ["nDCG@10 >= baseline - 0.01"]

[defaults]
k = 4
llm = "small"

[llms]
small = "smollm2"

[llms.big]
model = "gpt-4.1"
api_key_env = "MY_KEY"
temperature = 0.5
price = {prompt = 2, completion = 8}

[judge]
model = "big"
repeats = 3

[[systems]]
retriever = "dot"
k = 2

[[systems]]
name = "plain"
retriever = "cosine"
[systems.prompt]
system = "Be brief."

[[systems]]
retriever = "hybrid"
similarity = "dot"
alpha = 0.25
reranker = "document_power=0.5"
rerank_depth = 20

[[systems]]
retriever = "stock"
reranker = "cross-encoder/some-model"
exact = false

[[systems]]
retriever = "bm25"

[compare]
correction = "fdr"
margin = 0.02
"""


def written(folder, text, name="plan.yaml"):
    (folder / name).write_text(text)
    return folder / name


def refusal(path, **changes) -> str:
    with pytest.raises(PlanError) as refused:
        read_plan(path, **changes)
    return str(refused.value)


def test_yaml_toml_and_python_make_the_same_plan(tmp_path):
    import yaml

    from_yaml = read_plan(written(tmp_path, YAML))
    assert from_yaml == read_plan(written(tmp_path, TOML, "plan.toml"))
    assert from_yaml == Plan(**yaml.safe_load(YAML))


def test_a_system_inherits_what_it_does_not_say_and_the_baseline_comes_first(tmp_path):
    systems = read_plan(written(tmp_path, YAML)).build_systems()
    assert [s.name for s in systems] == [
        "plain", "dot", "hybrid dot, document_power=0.5", "stock, cross-encoder/some-model", "bm25",
    ]  # fmt: skip
    assert [s.context_k for s in systems] == [4, 2, 4, 4, 4]
    assert {s.llm for s in systems} == {"small"}
    plain, dot, hybrid, stock, words = systems
    assert plain.prompt.system == "Be brief."
    assert plain.prompt.user == dot.prompt.user
    assert dot.prompt.system != "Be brief."
    assert (hybrid.retriever, hybrid.similarity, hybrid.alpha) == ("hybrid", DOT, 0.25)
    assert (hybrid.reranker, hybrid.rerank_depth) == ("document_power=0.5", 20)
    assert (stock.retriever, stock.exact, words.retriever) == ("stock", False, "bm25")


def test_the_first_system_is_the_baseline_where_none_is_named():
    plan = Plan(systems=["document_power=0.50", "dot"])
    assert [entry.label for entry in plan.entries] == ["document_power=0.5", "dot"]
    assert plan.build_systems()[0].similarity == PowerSimilarity(document_power=0.5)


def test_null_takes_back_what_would_be_inherited():
    plan = Plan(defaults={"reranker": "dot"}, systems=["cosine", {"name": "bare", "reranker": None}])
    assert [system.reranker for system in plan.build_systems()] == ["dot", None]


def test_the_resolved_plan_is_json_names_every_default_and_makes_the_same_plan_again(tmp_path):
    plan = read_plan(written(tmp_path, YAML))
    resolved = json.loads(json.dumps(plan.resolved()))
    assert resolved["baseline"] == "plain"
    assert resolved["systems"][0]["k"] == 4
    assert resolved["llms"]["big"]["api_key_env"] == "MY_KEY"
    assert Plan(**resolved).build_systems() == plan.build_systems()


MISTAKES = [
    ("limt: 3", "", 1, "'limt' is no key of a plan; did you mean 'limit'?"),
    ("limit: 0", "", 1, "limit is 0; at least 1 is needed."),
    ("limit: many", "", 1, "limit is 'many', and must be a whole number."),
    ("seed: 1.5", "", 1, "seed is float 1.5, and must be a whole number."),
    ("answers: perhaps", "", 1, "answers is 'perhaps', and must be true or false."),
    ("defaults:\n  kay: 3", "", 2, "'kay' is no key of a system; "),
    ("defaults:\n  k: 0", "", 2, "defaults.k is 0; at least 1 is needed."),
    ("defaults: {name: x}", "", 1, "every system has a name of its own"),
    ("defaults:\n  similarity: dot", "", 2, "only a hybrid takes one"),
    ("", "  - {retreiver: dot}", 3, "'retreiver' is no key of a system; did you mean 'retriever'?"),
    ("", "  - name: x\n    retriever: cosin", 4, "No similarity is named 'cosin'"),
    ("", "  - retriever: dot\n    reranker: dott", 4, "'dott' is no reranker; give a similarity such as dot"),
    ("", "  - retriever: calibrated", 3, "'calibrated': it needs a calibration"),
    ("", "  - {retriever: calibrated, calibration: absent}", 3, "there is no file 'absent'"),
    ("", "  - {retriever: stock, reranker: dot}", 3, "stock knows no norms"),
    ("", "  - {retriever: dot, llm: tiny}", 3, "it is answered by 'tiny', and the plan has no `llms`"),
    ("llms:\n  tiny: smollm2", "  - {retriever: dot, llm: tini}", 5, "did you mean 'tiny'?"),
    ("", "  - cosine", 3, "system 'cosine' is named twice; give each its own `name`."),
    ("", "  - {name: 5}", 3, "systems[1].name is int 5, and must be text; put it in quotes."),
    ("", "  - retriever: dot\n    prompt: {user: 'Say {question}'}", 4, "it has no {contexts}"),
    ("", "  - retriever: dot\n    prompt: {user: '{contexts} {question} {x}'}", 4, "double them"),
    ("baseline: dot", "", 1, "no system is named 'dot'; There are cosine."),
    ("judge: big", "", 1, "the judge is 'big', and the plan has no `llms`"),
    ("answers: false\nllms: {a: x}\njudge: a", "", 3, "there are no answers to judge"),
    ("llms:\n  a: x\njudge:\n  model: a\n  repeats: 0", "", 5, "judge.repeats is 0; at least 1 is needed."),
    ("llms:\n  a: {}", "", 2, "a model needs either model, its name at an endpoint, or gguf, a file"),
    ("llms:\n  a: {gguf: absent.gguf}", "", 2, "there is no file 'absent.gguf'"),
    ("llms:\n  a:\n    model: x\n    base_url: localhost", "", 4, "it is no HTTP address"),
    ("llms: {a: x}\nanswer_repeats: 2", "", 2, "'a' says the same again at temperature 0"),
    ("llms: {a: x, b: y}\njudge: {model: b, repeats: 2}", "", 2, "it repeats 2 times what it says"),
    ("gate: [nonsense]", "", 1, "'nonsense' is no gate"),
    ("gate:\n  - 'dott: nDCG@10 > baseline'", "", 2, "the gate is for 'dott'; There are cosine"),
    ("compare: {correction: none}", "", 1, "'holm' or 'fdr'"),
    ("limit: 1\nlimit: 2", "", 2, "'limit' stands twice, first on line 1"),
    ("5: x", "", 1, "this key is no text"),
    ("limit: [1", "", 2, "no valid YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("above", "system", "line", "message"), MISTAKES)
def test_a_mistake_in_yaml_is_told_by_file_line_and_what_to_write(tmp_path, above, system, line, message):
    path = written(tmp_path, "\n".join(filter(None, (above, "systems:", "  - cosine", system))))
    said = refusal(path)
    assert said.startswith(f"{path}, line {line}: "), said
    assert message in said


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("limt = 3\nsystems = ['cosine']", 1, "did you mean 'limit'?"),
        ("systems = ['cosine']\n[defaults]\nk = 0", 3, "defaults.k is 0"),
        ("[[systems]]\n[[systems]]\nname = 'x'\n# [[systems]]\nretreiver = 'dot'", 5, "did you mean"),
        ("[[systems]]\n[[systems]]\n[systems.prompt]\nsistem = 'x'", 4, "'sistem' is no key of a prompt"),
        ("systems = ['cosine']\n[llms.a]\nmodel = 'x'\nprice = 3", 4, "llms.a.price is int 3"),
        ("systems = ['cosine']\nllms.a.modell = 'x'", 2, "did you mean 'model'?"),
        ('seed = 0\nsystems = [\n  """\nlimt = 3"""]', 2, "No similarity is named"),
        ("limit = ", 1, "no valid TOML"),
        ("systems = []", 1, "systems: "),
    ],
)
def test_a_mistake_in_toml_is_told_by_file_line_and_what_to_write(tmp_path, text, line, message):
    said = refusal(path := written(tmp_path, text, "plan.toml"))
    assert said.startswith(f"{path}, line {line}: "), said
    assert message in said


def test_a_mistake_in_python_is_told_by_the_keys_that_lead_to_it():
    with pytest.raises(PlanError, match=r"^systems\[1\].k is 0; at least 1 is needed.$"):
        Plan(systems=["cosine", {"retriever": "dot", "k": 0}])
    with pytest.raises(PlanError, match=r"^systems is missing; give it.$"):
        Plan(dataset="pydocs")


@pytest.mark.parametrize(
    "secret",
    [
        "llms: {a: {model: x, api_key: sk-abc}}",
        "llms: {a: {model: x, api_key_env: sk-abc-123}}",
        "llms: {a: {model: x, base_url: 'http://user:sk-abc@there/v1'}}",
        "llms: {a: {model: x, base_url: 'http://there/v1?key=sk-abc'}}",
        "# sk-abcdefghijklmnopqrstuvwx",
        "llms: {a: {model: sk-abcdefghijklmnopqrstuvwx}}",
        "llms: {a: {token: sk-abc}}",
    ],
)
def test_a_secret_in_a_file_is_refused_and_not_repeated(tmp_path, secret):
    said = refusal(written(tmp_path, f"{secret}\nsystems: [cosine]"))
    assert "line 1" in said
    assert "sk-abc" not in said


def test_the_judge_must_be_another_model_unless_the_user_insists(tmp_path):
    weights = tmp_path / "a.gguf"
    weights.write_bytes(b"GGUF and weights")
    (tmp_path / "copy.gguf").write_bytes(weights.read_bytes())
    (tmp_path / "other.gguf").write_bytes(b"GGUF and other weights")
    for first, second, same in (
        ("{gguf: a.gguf}", "{gguf: copy.gguf}", True),
        ("{gguf: a.gguf}", "{gguf: other.gguf}", False),
        ("{model: x}", "{model: x, concurrency: 2}", True),
        ("{model: x}", "{model: x, base_url: 'http://there/v1'}", False),
        ("{model: x, base_url: 'http://there/v1/'}", "{model: x, base_url: 'http://there/v1'}", True),
    ):
        text = f"systems: [cosine]\nllms:\n  a: {first}\n  b: {second}\njudge: b\n"
        path = written(tmp_path, text)
        if same:
            said = refusal(path)
            assert said.startswith(f"{path}, line 5: 'b' would judge its own answers"), said
            assert read_plan(path, allow_same_judge=True).judge.model == "b"
        else:
            assert read_plan(path).judge.model == "b"


def test_files_are_looked_for_beside_the_plan(tmp_path):
    folder = tmp_path / "there"
    (folder / "set").mkdir(parents=True)
    (folder / "a.gguf").write_bytes(b"GGUF")
    plan = read_plan(written(folder, "dataset: set\nllms: {a: a.gguf}\nsystems: [cosine]"))
    assert plan.dataset == str(folder / "set")
    assert plan.llms["a"].gguf == folder / "a.gguf"


def test_what_is_no_plan_at_all_is_refused(tmp_path):
    assert "must end in .yaml, .yml or .toml" in refusal(tmp_path / "plan.json")
    assert "There is no file" in refusal(tmp_path / "plan.yaml")
    assert "must be keys and values" in refusal(written(tmp_path, "- cosine"))
    assert "systems is missing; give it" in refusal(written(tmp_path, ""))
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    assert "cannot be read as UTF-8" in refusal(tmp_path / "latin.yaml")


def test_a_system_keeps_its_model_wherever_the_baseline_stands_and_whatever_others_are_answered_by():
    llms = {"small": "a", "big": "b"}
    plan = Plan(llms=llms, systems=[{"retriever": "cosine", "llm": "big"}, "dot"], baseline="dot")
    assert [(system.name, system.llm) for system in plan.build_systems()] == [
        ("dot", "small"),
        ("cosine", "big"),
    ]


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("nDCG@1O >= baseline", "nDCG@10"),
        ("bm25: nDCG@10 >= baseline", "'bm25'"),
        ("nDCG@10 is good", "no gate"),
    ],
)
def test_a_gate_is_read_before_anything_is_spent(gate, said):
    with pytest.raises(PlanError, match=said):
        Plan(systems=["cosine", "dot"], gate=[gate])


def test_a_gate_on_the_baseline_needs_a_candidate():
    with pytest.raises(PlanError, match="only system"):
        Plan(systems=["cosine"], gate=["nDCG@10 >= baseline"])


def test_a_key_that_was_pasted_as_the_name_of_a_variable_is_refused_and_not_repeated():
    key = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW"
    with pytest.raises(PlanError) as refused:
        Plan(systems=["cosine"], llms={"m": {"model": "m", "api_key_env": key}})
    assert key not in str(refused.value)
