"""A model hub on loopback, and a cache that has a model of it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = "0123456789abcdef0123456789abcdef01234567"


def cached(home: Path, name: str) -> Path:
    """The folder of a model as the hub's client keeps it after loading it."""
    root = home / f"models--{name.replace('/', '--')}"
    folder = root / "snapshots" / VERSION
    folder.mkdir(parents=True)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(VERSION)
    (folder / "modules.json").write_text("[]")
    return folder


class Hub:
    """Serves files by path; everything else is missing."""

    def __init__(self, files: dict[str, str]) -> None:
        paths = self.paths = []

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                self._answer(body=False)

            def do_GET(self):
                self._answer(body=True)

            def _answer(self, *, body: bool) -> None:
                paths.append(self.path)
                content = files.get(self.path, "").encode()
                self.send_response(200 if content else 404)
                self.send_header("X-Repo-Commit", VERSION)
                self.send_header("Content-Length", str(len(content)))
                if content:
                    self.send_header("ETag", '"0f"')
                else:
                    self.send_header("X-Error-Code", "EntryNotFound")
                self.end_headers()
                if body:
                    self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Hub:
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
