"""A judge behind a real HTTP server, which says what a test's function says."""

import json

from norm_aware.benchmark.judging.calls import planned_calls
from norm_aware.benchmark.judging.items import load_items
from norm_aware.benchmark.llms.config import LLMConfig
from tests.benchmark.fake_openai import FakeOpenAI, completion

LABELS = {item.id: item.label for item in load_items()}
CALLS = {json.dumps([call.messages, call.temperature or 0.0]): call for call in planned_calls(1)}


class FakeJudge(FakeOpenAI):
    """Answers each call of a judge check.

    Args:
        say: given a call, the verdict; None answers with HTTP 400.
    """

    def __init__(self, say):
        super().__init__()
        self.say = say
        self.asked = []

    def respond(self, body, key):
        call = CALLS[json.dumps([body["messages"], body["temperature"]])]
        self.asked.append(call.id)
        self.requests.append(body)
        verdict = self.say(call)
        if verdict is None:
            return 400, json.dumps({"error": {"message": "it broke", "type": "server_error"}})
        return 200, json.dumps(completion(json.dumps({"verdict": verdict})))

    def config(self, **changes):
        return LLMConfig("fake", self.base_url, **{"max_retries": 0, "concurrency": 8, **changes})


def is_comparison(call):
    return call.id.endswith(("-ab", "-ba"))


def yes(call):
    """Says yes to everything, and takes the first of two answers."""
    return "A" if is_comparison(call) else "yes"


def truth(call):
    """Knows every label."""
    if is_comparison(call):
        return "A" if call.id.endswith("-ab") else "B"
    return LABELS[next(name for name in LABELS if call.id.startswith(name))]


def nothing(call):
    """Fails."""
