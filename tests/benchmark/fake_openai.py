"""An OpenAI-compatible server on loopback that does as its mode says, for the tests of whatever asks one."""

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW = 2.0
"""Seconds a slow server takes for an answer."""


class FakeOpenAI:
    """Serves chat completions while its block runs.

    Args:
        mode: "ok"; "slow"; "failing" (HTTP 500); "busy" (HTTP 429 once, then ok); "refusing" (HTTP 401);
            "malformed" (the body is no JSON); "off_schema" (content is no JSON); "no_choice"; "no_text";
            "zero" (ok, with 0 for every number); "wild" (ok, with 7 for every number); "schemaless" (HTTP
            400 to a JSON schema); "formless" (HTTP 400 to any response format); "clumsy" (broken JSON once,
            then ok); "seedless" (HTTP 422 to a seed); "cut" (half a reply, which ended at its longest).
        text: what it says where no JSON schema is asked for.
        delay: seconds it takes for an answer.
        retry_after: header of that name; None sends one of 10 ms.

    Attributes:
        base_url: where it listens.
        requests: the bodies received, in order; `keys`: the authorisation that came with each.
        peak: requests it had at once, at most.
    """

    def __init__(self, mode="ok", text="Paris", *, delay=0.0, retry_after=None):
        self.mode, self.text, self.delay, self.retry_after = mode, text, delay, retry_after
        self.requests, self.keys = [], []
        self.peak, self._now, self._lock = 0, 0, threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def respond(self, body, key):
        """Status and body of the response to a request."""
        with self._lock:
            self._now += 1
            self.peak = max(self.peak, self._now)
        try:
            time.sleep(self.delay)
            return self._respond(body, key)
        finally:
            with self._lock:
                self._now -= 1

    def _respond(self, body, key):
        self.requests.append(body)
        self.keys.append(key)
        error = {"error": {"message": f"it broke, and your key is {key}", "type": "server_error"}}
        match self.mode:
            case "slow":
                time.sleep(SLOW)
            case "failing":
                return 500, json.dumps(error)
            case "refusing":
                return 401, json.dumps(error)
            case "busy" if len(self.requests) == 1:
                return 429, json.dumps(error)
            case "malformed":
                return 200, '{"choices": [{"mess'
            case "no_choice":
                return 200, json.dumps(completion(None) | {"choices": []})
            case "no_text":
                return 200, json.dumps(completion(None))
            case "off_schema":
                return 200, json.dumps(completion("I would say it is rather good."))
        form = body.get("response_format") or {}
        if form and (self.mode == "formless" or (self.mode == "schemaless" and "json_schema" in form)):
            return 400, json.dumps({"error": {"message": f"no such response_format, {key}"}})
        if self.mode == "seedless" and "seed" in body:
            return 422, json.dumps({"error": {"message": "extra field: seed"}})
        schema = form.get("json_schema", {}).get("schema") or requested_schema(body["messages"])
        number = {"zero": 0, "wild": 7}.get(self.mode, 1)
        text = json.dumps(minimal(schema, schema, number)) if schema else self.text
        if self.mode == "clumsy" and len(self.requests) == 1:
            text = text[:-1] + ', "and":'
        if self.mode == "cut":
            return 200, json.dumps(completion(text[: len(text) // 2], "length"))
        return 200, json.dumps(completion(text))


def completion(text, finish="stop"):
    """A chat completion that says the text."""
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "fake",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def requested_schema(messages):
    """The JSON schema that the first message spells out, if it does."""
    found = re.search(r"\{\s*\"(\$defs|description|properties)\".*\}", messages[0]["content"], re.DOTALL)
    return json.loads(found[0]) if found and messages[0]["role"] == "system" else None


def minimal(schema, root, number):
    """The smallest value of a JSON schema, one item to a list."""
    if "$ref" in schema:
        return minimal(root["$defs"][schema["$ref"].rpartition("/")[2]], root, number)
    if "enum" in schema:
        first, last = schema["enum"][0], schema["enum"][-1]
        return {0: first, 1: last}.get(number, number) if isinstance(first, int) else first
    match schema["type"]:
        case "object":
            return {name: minimal(part, root, number) for name, part in schema["properties"].items()}
        case "array":
            return [minimal(schema["items"], root, number)] * max(1, schema.get("minItems", 1))
        case "integer" | "number":
            return number
        case "boolean":
            return bool(number)
        case "string":
            return "Where is the Louvre?"
    raise ValueError(f"no minimal value for {schema}")


def _handler(fake):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, text = fake.respond(body, self.headers.get("Authorization", "").removeprefix("Bearer "))
            content = text.encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                if fake.retry_after is None:
                    self.send_header("Retry-After-Ms", "10")
                else:
                    self.send_header("Retry-After", fake.retry_after)
                self.end_headers()
                self.wfile.write(content)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client gave up waiting

        def log_message(self, *_):
            pass

    return Handler
