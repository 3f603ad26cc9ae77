"""A Qdrant server on loopback, and every way in which one lets its clients down."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel
from tests.qdrant.rest_engine import Refused, RestEngine, error_body

JSON = "application/json"


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose method and path match `on`."""

    on: str
    times: int = 1
    delay: float = 0.0
    status: int | None = None
    body: str | bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: str | None = None  # "before" or "after" the work is done
    then: Callable[[], None] | None = None


class MisbehavingServer(RestEngine):
    """A context in which the server listens; `faults` and the attributes say how it fails."""

    def __init__(self, *, certificate: Path | None = None, authority: Path | None = None) -> None:
        super().__init__()
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self._busy = 0
        self.busiest = 0  # requests that were answered at once
        self.crashes: list[BaseException] = []
        self._certificate, self._authority = certificate, authority
        self._port = 0
        self._httpd: ThreadingHTTPServer | None = None

    def __enter__(self) -> MisbehavingServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.engine.close()

    @property
    def url(self) -> str:
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen: on any free port the first time, on the same one after that."""
        self._httpd = _Listener(("127.0.0.1", self._port), _Handler)
        self._httpd.qdrant = self
        self._port = self._httpd.server_address[1]
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            if self._authority:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(self._authority)
            self._httpd.socket = context.wrap_socket(self._httpd.socket, server_side=True)
        threading.Thread(target=self._httpd.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections; the data stay."""
        if self._httpd is not None:
            self._httpd.shutdown()
            self._httpd.server_close()
            self._httpd = None

    def restart(self, seconds: float = 0.3) -> None:
        """Go away, and come back with the same data."""
        self.stop()
        time.sleep(seconds)
        self.start()

    def fail(self, on: str = "", **how: Any) -> Fault:
        """Let the next requests that match fail; see `Fault`."""
        self.faults.append(Fault(on, **how))
        return self.faults[-1]

    def count(self, on: str) -> int:
        """How many requests of this kind arrived."""
        return sum(1 for request in self.requests if re.search(on, request))

    @contextmanager
    def working(self) -> Iterator[None]:
        """While a request is being answered."""
        with self._lock:
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1

    def fault(self, request: str) -> Fault | None:
        with self._lock:
            self.requests.append(request)
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.on, request):
                    fault.times -= 1
                    return fault
        return None


class _Listener(ThreadingHTTPServer):
    request_queue_size = 1024  # a thousand clients may come at once
    qdrant: MisbehavingServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def handle_any(self) -> None:
        qdrant = self.server.qdrant
        with qdrant.working():
            self.handle_one()

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path, qdrant = urlsplit(self.path).path, self.server.qdrant
        fault = qdrant.fault(f"{self.command} {path}")
        if fault is not None:
            time.sleep(fault.delay)
            if fault.drop == "before":
                return self.hang_up(fault)
            if fault.status is not None:
                told = fault.body if isinstance(fault.body, bytes) else error_body(fault.body)
                return self.reply(fault.status, told, fault.headers)
        try:
            result = qdrant.answer(self.command, path, body, self.headers.get("api-key"))
            told = json.dumps(
                result if path == "/" else {"result": result, "status": "ok", "time": 0.0}, default=_plain
            )
            status, answer = 200, told.encode()
        except Refused as refused:
            status, answer = refused.status, refused.body
        except Exception as error:
            qdrant.crashes.append(error)
            status, answer = 500, error_body(f"Service internal error: {error!r}")
        if fault is not None and fault.drop == "after":
            return self.hang_up(fault)
        return self.reply(status, answer, {})

    def hang_up(self, fault: Fault) -> None:
        self.close_connection = True
        if fault.then is not None:
            threading.Thread(target=fault.then, daemon=True).start()

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": JSON, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815  # as http.server asks


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} is no JSON")
