"""What a judge is shown: exactly the part of each context that stood in the answering model's prompt."""

from types import SimpleNamespace

from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.llms.prompt import Prompt
from norm_aware.benchmark.metrics.shown import as_shown
from norm_aware.benchmark.systems.system import System

CONTEXTS = ["alpha " * 200, "beta " * 200, "short"]


def model(budget):
    return SimpleNamespace(config=LLMConfig("m", "http://127.0.0.1:1/v1", context_budget=budget))


def test_each_context_is_cut_to_what_stands_in_the_prompt():
    shown = as_shown([System("cosine")], model(900))("cosine", "Why?", CONTEXTS)
    (_, user) = Prompt().messages("Why?", CONTEXTS, budget=900)
    assert [f"[{n}] {text}" in user["content"] for n, text in enumerate(shown, 1)] == [True] * 3
    assert len(shown[0]) < len(CONTEXTS[0])
    assert shown[2] == "short"
    assert shown[0] + "alpha" not in user["content"]


def test_a_system_with_its_own_prompt_and_model_has_its_own_shares():
    systems = [System("cosine"), System("dot", llm="small", prompt=Prompt(user="{contexts}{question}"))]
    shown = as_shown(systems, model(900), {"small": model(500)})
    assert shown("dot", "Why?", CONTEXTS) == systems[1].prompt.shown("Why?", CONTEXTS, budget=500)
    assert shown("dot", "Why?", CONTEXTS) != shown("cosine", "Why?", CONTEXTS)


def test_contexts_stay_whole_where_no_budget_is_known_or_no_question_could_be_asked():
    assert as_shown([System("cosine")], None)("cosine", "Why?", CONTEXTS) == CONTEXTS
    assert as_shown([System("cosine")], SimpleNamespace())("cosine", "Why?", CONTEXTS) == CONTEXTS
    assert as_shown([System("cosine")], model(50))("cosine", "Why?" * 99, CONTEXTS) == CONTEXTS
