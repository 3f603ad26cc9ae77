"""An endpoint that plays the model behind RAGAS's generator and the checks of what it writes."""

import json
import re

from tests.benchmark.fake_openai import FakeOpenAI, completion


class RagasServer(FakeOpenAI):
    """Writes by the JSON schema each request asks for.

    A passage is taken for sentences; it asks `Where is <first word>?`, answers with the first sentence and
    quotes that. What a test gives instead is said in its place.

    Args:
        said: by the name of the field that is asked for (`output`, `mapping`, `query`, `answer`, `quote`,
            `supported`): what is said, or a function of the request's text.
        dies_after: requests after which every one is answered with HTTP 500.
    """

    def __init__(self, said=None, dies_after=None):
        super().__init__()
        self.said, self.dies_after = said or {}, dies_after

    def respond(self, body, key):
        """Status and body of the response to a request."""
        if self.dies_after is not None and len(self.requests) >= self.dies_after:
            return 500, json.dumps({"error": {"message": "it broke", "type": "server_error"}})
        self.requests.append(body)
        self.keys.append(key)
        form = body["response_format"]["json_schema"]
        assert form["strict"]
        require_closed(form["schema"])
        text = next(said["content"] for said in body["messages"] if said["role"] == "user")
        reply = {name: self._say(name, part, text) for name, part in form["schema"]["properties"].items()}
        return 200, json.dumps(completion(json.dumps(reply)))

    def asked_for(self):
        """What was asked for, request by request: the first field of each schema."""
        return [
            next(iter(r["response_format"]["json_schema"]["schema"]["properties"])) for r in self.requests
        ]

    def _say(self, name, part, text):
        if name in self.said:
            said = self.said[name]
            return said(text) if callable(said) else said
        sentence = passage_in(text).split(".")[0] + "."
        match name:
            case "output":
                return [sentence.split()[0]]
            case "mapping":
                themes = json.loads(text[text.rindex("input: ") + 7 : text.rindex("Output:")])["themes"]
                return dict.fromkeys(part["properties"], themes)
            case "query":
                return f"Where is {sentence.split()[0]}?"
            case "answer" | "quote":
                return sentence
            case "supported":
                return "yes"
        raise ValueError(f"{name} is no field of RAGAS's or ours")


def passage_in(text):
    """The passage that a request is about."""
    if found := re.search(r"\APassage:\n(.*?)\n\nQuestion:", text, re.DOTALL):
        return found[1]
    given = json.loads(text[text.rindex("input: ") + 7 : text.rindex("Output:")])
    return given.get("context") or given.get("text") or ""


def require_closed(schema):
    """Refuses a schema that an endpoint which is strict about them would refuse."""
    if schema.get("type") == "object":
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])
    for part in (*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()):
        require_closed(part)
