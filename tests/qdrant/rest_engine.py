"""Qdrant's REST interface over a real in-memory engine, worded as Qdrant words it.

What a request means is decided by qdrant-client's own REST models and its local mode, so that collections,
points, filters and formulas behave as they do there.
"""

from __future__ import annotations

import json
import threading
from importlib.metadata import version
from typing import Any
from urllib.parse import unquote

from pydantic import TypeAdapter, ValidationError
from qdrant_client import QdrantClient, models


class Refused(Exception):  # noqa: N818  # an answer rather than an error
    def __init__(self, status: int, told: str | bytes) -> None:
        super().__init__(told)
        self.status = status
        self.body = told if isinstance(told, bytes) else error_body(told)


def error_body(told: str) -> bytes:
    """An error as Qdrant answers it."""
    return json.dumps({"status": {"error": told}, "time": 0.0}).encode()


class RestEngine:
    """An in-memory Qdrant that answers REST requests: of any version, with keys or none, strict or not."""

    def __init__(self) -> None:
        self.engine = QdrantClient(":memory:")
        self.api_key: str | None = None
        self.read_only_key: str | None = None
        self.version = version("qdrant-client")
        self.strict = False  # unindexed payload keys may not be filtered by
        self.indexes: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()

    def answer(self, method: str, path: str, body: bytes, key: str | None) -> Any:
        """What the engine says to a request.

        Raises:
            Refused: with the status and the body that Qdrant would send.
        """
        self._authorise(method, path, key)
        parts = [unquote(part) for part in path.strip("/").split("/") if part]
        with self._lock:
            if (
                parts[1:2]
                and parts[:2] != ["collections", "aliases"]
                and not self._begins_or_ends(method, parts)
            ):
                self._require(parts[1], exists=parts[2:] == ["exists"])
            try:
                return self._work(method, parts, json.loads(body or b"{}"))
            except ValidationError as error:
                raise Refused(400, f"Format error in JSON body: {error.errors()[0]['msg']}") from None
            except (ValueError, AssertionError) as error:
                raise Refused(400, f"Wrong input: {error}") from None

    def _authorise(self, method: str, path: str, key: str | None) -> None:
        if self.api_key is None or path == "/":
            return
        if key is None:
            raise Refused(401, b"Must provide an API key or an Authorization bearer token")
        reads = method == "GET" or path.rpartition("/")[2] in {"query", "scroll", "count", "batch"}
        if key == self.read_only_key:
            if not reads:
                raise Refused(403, "Forbidden: Global manage access is required")
        elif key != self.api_key:
            raise Refused(401, b"Invalid API key or JWT")

    @staticmethod
    def _begins_or_ends(method: str, parts: list[str]) -> bool:
        return method in {"PUT", "DELETE"} and len(parts) == 2

    def _require(self, name: str, *, exists: bool) -> None:
        if not exists and not self.engine.collection_exists(name):
            raise Refused(404, f"Not found: Collection `{name}` doesn't exist!")

    def _work(self, method: str, parts: list[str], body: Any) -> Any:
        match (method, *parts):
            case ("GET",):
                return {"title": "qdrant - vector search engine", "version": self.version}
            case ("GET", "collections"):
                return self.engine.get_collections()
            case ("GET", "aliases"):
                return self.engine.get_aliases()
            case ("POST", "collections", "aliases"):
                actions = TypeAdapter(models.ChangeAliasesOperation).validate_python(body).actions
                return self.engine.update_collection_aliases(actions)
            case (_, "collections", name, *rest):
                return self._collection(method, name, rest, body)
        raise Refused(404, b"")

    def _collection(self, method: str, name: str, rest: list[str], body: Any) -> Any:
        match (method, *rest):
            case ("GET",):
                info = self.engine.get_collection(name)
                return info.model_copy(update={"payload_schema": self.indexes.get(name, {})})
            case ("GET", "exists"):
                return {"exists": self.engine.collection_exists(name)}
            case ("GET", "aliases"):
                return self.engine.get_collection_aliases(name)
            case ("PUT",):
                return self._create(name, models.CreateCollection(**body))
            case ("PATCH",):
                update = models.UpdateCollection(**body)
                if self._is_older(1, 16):
                    return True
                return self.engine.update_collection(name, metadata=update.metadata)
            case ("DELETE",):
                self.indexes.pop(name, None)
                return self.engine.delete_collection(name)
            case ("PUT", "index"):
                schema = body["field_schema"]
                kind = schema if isinstance(schema, str) else schema["type"]
                info = models.PayloadIndexInfo(data_type=kind, points=0)
                self.indexes.setdefault(name, {})[body["field_name"]] = info
                return _UPDATED
            case ("DELETE", "index", key):
                self.indexes.get(name, {}).pop(key, None)
                return _UPDATED
            case ("POST", "points"):
                request = models.PointRequest(**body)
                return self.engine.retrieve(name, request.ids, request.with_payload, request.with_vector)
            case ("PUT", "points"):
                return self.engine.upsert(name, _points(body))
            case ("PUT", "points", "vectors"):
                return self.engine.update_vectors(name, models.UpdateVectors(**body).points)
            case (_, "points", *what):
                return self._points(method, name, "/".join(what), body)
        raise Refused(404, b"")

    def _points(self, method: str, name: str, what: str, body: Any) -> Any:
        self._require_indexed(name, body)
        engine = self.engine
        match what:
            case "delete":
                return engine.delete(name, _selector(body))
            case "payload" if method == "POST":
                return engine.set_payload(name, body["payload"], _selector(body), key=body.get("key"))
            case "payload":
                return engine.overwrite_payload(name, body["payload"], _selector(body))
            case "payload/delete":
                return engine.delete_payload(name, body["keys"], _selector(body))
            case "payload/clear":
                return engine.clear_payload(name, _selector(body))
            case "batch":
                operations = models.UpdateOperations(**body).operations
                return engine.batch_update_points(name, operations)
            case "count":
                count = models.CountRequest(**body)
                return engine.count(name, count_filter=count.filter)
            case "scroll":
                scroll = models.ScrollRequest(**body)
                points, after = engine.scroll(
                    name,
                    scroll_filter=scroll.filter,
                    limit=scroll.limit or 10,
                    order_by=scroll.order_by,
                    offset=scroll.offset,
                    with_payload=scroll.with_payload if scroll.with_payload is not None else True,
                    with_vectors=scroll.with_vector or False,
                )
                return {"points": points, "next_page_offset": after}
            case "query":
                return self._query(name, models.QueryRequest(**body), body)
            case "query/batch":
                return [self._query(name, models.QueryRequest(**one), one) for one in body["searches"]]
        raise Refused(404, b"")

    def _query(self, name: str, query: models.QueryRequest, body: Any) -> models.QueryResponse:
        if self._is_older(1, 14) and '"formula"' in json.dumps(body):
            raise Refused(
                400,
                "Format error in JSON body: data did not match any variant of untagged enum "
                "QueryInterface at line 1 column 412",
            )
        self._require_indexed(name, body)
        return self.engine.query_points(
            name,
            query=query.query,
            using=query.using,
            prefetch=_inexact(query.prefetch),
            query_filter=query.filter,
            limit=query.limit or 10,
            offset=query.offset,
            with_payload=query.with_payload if query.with_payload is not None else False,
            with_vectors=query.with_vector or False,
            score_threshold=query.score_threshold,
        )

    def _create(self, name: str, create: models.CreateCollection) -> bool:
        if self.engine.collection_exists(name):
            raise Refused(409, f"Wrong input: Collection `{name}` already exists!")
        return self.engine.create_collection(
            name,
            vectors_config=create.vectors,
            sparse_vectors_config=create.sparse_vectors,
            metadata=None if self._is_older(1, 16) else create.metadata,
        )

    def _require_indexed(self, name: str, body: Any) -> None:
        missing = _keys(body) - self.indexes.get(name, {}).keys() if self.strict else set()
        if missing:
            raise Refused(
                400,
                f'Bad request: Index required but not found for "{min(missing)}" of one of the following '
                "types: [keyword]. Help: Create an index for this key or use a different filter.",
            )

    def _is_older(self, *version: int) -> bool:
        return tuple(map(int, self.version.split(".")[:2])) < version


_UPDATED = models.UpdateResult(operation_id=0, status=models.UpdateStatus.COMPLETED)


def _points(body: Any) -> Any:
    given = TypeAdapter(models.PointInsertOperations).validate_python(body)
    return given.batch if isinstance(given, models.PointsBatch) else given.points


def _selector(body: Any) -> Any:
    if body.get("points") is not None:
        return body["points"]
    return models.Filter(**body["filter"])


def _inexact(prefetch: Any) -> Any:
    """Local mode is exact, and warns when it is asked to be."""
    many = prefetch if isinstance(prefetch, list) else [prefetch] if prefetch else []
    return [
        one.model_copy(update={"params": None, "prefetch": _inexact(one.prefetch)}) for one in many
    ] or None


def _keys(body: Any) -> set[str]:
    """Payload keys that conditions anywhere in a request filter by."""
    if isinstance(body, list):
        return set().union(*map(_keys, body)) if body else set()
    if not isinstance(body, dict):
        return set()
    own = {body["key"]} if isinstance(body.get("key"), str) and {"match", "range"} & body.keys() else set()
    return own.union(*(_keys(value) for name, value in body.items() if name not in {"payload", "vector"}))
