"""What a Qdrant client's exception means, freed of the request in it, whose headers hold the API key."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import grpc
import httpx
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from norm_aware.errors import (
    CollectionError,
    CollectionNotFoundError,
    ServerAccessError,
    ServerError,
    ServerVersionError,
    StrictModeError,
)

OLDEST = (1, 16)
"""Oldest Qdrant that norm-aware works with: it keeps the contract in a collection's metadata."""

_SAID = 300  # characters of a server's own words that are passed on
_STRICT = re.compile(r"index required but not found|\bHelp: |strict mode", re.IGNORECASE)
_UNKNOWN = re.compile(r"did not match any variant|unknown variant|unknown field", re.IGNORECASE)
_ABSENT = re.compile(r"collection .*(doesn't exist|not found)", re.IGNORECASE)
_FORMULA = {"query_points", "query_batch_points", "query_points_groups"}

_START = "Start it, or mend its URL (NORM_AWARE_QDRANT_URL)."
_SLOWER = "Give it longer: the client's `timeout`, NORM_AWARE_QDRANT_TIMEOUT on the command line."
_TLS = (
    "The certificate must be for this host and from an authority you trust, which NORM_AWARE_QDRANT_CA_FILE "
    "names, or the client's `verify`; and a server without TLS is reached by http://."
)
_DROPPED = "It may have been restarted: see its log, then run this again, which repeats nothing stored."
_LESS = "Send less at once, or wait: NORM_AWARE_QDRANT_RETRIES, or a `RetryPolicy` of more patience."
_SMALLER = "Send fewer points at once (`batch_size`)."
_LOG = "See the server's log, then run this again, which repeats nothing stored."
_KEY = "Give the server's API key: NORM_AWARE_QDRANT_API_KEY, or the client's `api_key`."
_OTHER_KEY = "Check the API key (NORM_AWARE_QDRANT_API_KEY, or the client's `api_key`) and what it may do."
_OLD = (
    f"Upgrade Qdrant to {OLDEST[0]}.{OLDEST[1]} or newer: an older server does not know the formula that "
    "similarities other than dot are computed by (formula queries came with 1.14)."
)
_INDEX = (
    "Strict mode filters by indexed payload keys alone: `create_payload_index` for the key named above, "
    "`norm-aware backfill` for 'norm', or set unindexed_filtering_retrieve in the collection's strict mode."
)
_STRICTER = "The collection's strict mode forbids it: ask for less, leave out `exact`, or change strict mode."
_NO_QDRANT = "Something else than Qdrant seems to answer there; mend the URL."

_RPC = {
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One request that failed.

    Attributes:
        found: what came back, in a few words.
        advice: what to do about it.
        passing: whether it may go better a moment later.
        undone: whether the server surely did nothing.
        status: HTTP status; None where no answer came.
        asked: seconds the server asked to be left alone.
        kind: class of the error it ends in.
    """

    found: str
    advice: str
    passing: bool = False
    undone: bool = False
    status: int | None = None
    asked: float | None = None
    kind: type[CollectionError] = field(default=ServerError)

    def to_error(
        self,
        method: str,
        *,
        collection: str | None,
        url: str,
        attempts: int,
        seconds: float,
        repeatable: bool,
        secrets: Sequence[str] = (),
    ) -> CollectionError:
        """The error to raise: what was asked, what came back, what to do.

        Args:
            method: of the Qdrant client.
            collection: it was about; None where it was about none.
            url: of the server, without a password.
            attempts: requests sent.
            seconds: from the first to the last one's failure.
            repeatable: whether the call may be made again without harm.
            secrets: what the message must not hold, even where a server repeats it.
        """
        what = method if collection is None else f"{method} of collection {collection!r}"
        tries = "1 attempt" if attempts == 1 else f"{attempts} attempts"
        uncertain = not self.undone and (self.status in (None, 408) or self.status >= 500)
        unknown = "" if repeatable or not uncertain else " Whether it was carried out is unknown."
        message = (
            f"Qdrant at {url} failed to answer {what}: {self.found} ({tries} in {seconds:.1f} s).{unknown} "
            f"{self.advice}"
        )
        for secret in secrets:
            message = message.replace(secret, "***")
        if issubclass(self.kind, ServerError):
            return self.kind(message, status=self.status, uncertain=uncertain)
        return self.kind(message)


def read_failure(error: Exception, *, method: str) -> Failure | None:
    """What an exception of a Qdrant client means; None when it is not the server's doing.

    Args:
        error: as a sync or async client raised it, over HTTP or gRPC.
        method: of the client that was called.
    """
    if isinstance(error, ResponseHandlingException):
        return _no_answer(error.source)
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return _unreadable(error)
    if isinstance(error, ResourceExhaustedResponse):
        return _answer(429, error.message, method=method, asked=float(error.retry_after_s))
    if isinstance(error, QdrantException):  # a Retry-After that is no whole number
        return _answer(429, "", method=method)
    if isinstance(error, UnexpectedResponse):
        asked = error.headers.get("retry-after", "") if error.headers else ""
        return _answer(
            error.status_code or 0,
            _words(error.content),
            method=method,
            asked=float(asked) if asked.isdigit() else None,
        )
    if isinstance(error, grpc.RpcError) and isinstance(error, grpc.Call):
        if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
            return Failure("no answer in time", _SLOWER, passing=True)
        return _answer(_RPC.get(error.code(), 500), error.details() or "", method=method)
    return None


def _no_answer(source: Exception) -> Failure:
    """A request that no answer came to, or none that can be read."""
    said = " ".join(str(source).split())[:_SAID]
    if "SSL" in said or "certificate" in said.lower():
        return Failure(f"TLS failed: {said}", _TLS, undone=True)
    if isinstance(source, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        return Failure("no connection in time", _SLOWER, passing=True, undone=True)
    if isinstance(source, httpx.TimeoutException):
        return Failure("no answer in time", _SLOWER, passing=True)
    if isinstance(source, httpx.ConnectError):
        return Failure(f"no connection: {said}", _START, passing=True, undone=True)
    if isinstance(source, httpx.TransportError):
        return Failure(f"connection lost: {said or type(source).__name__}", _DROPPED, passing=True)
    return _unreadable(source)


def _unreadable(error: Exception) -> Failure:
    # its message would repeat the answer, which may be a whole page
    return Failure(f"an answer that cannot be read ({type(error).__name__})", _NO_QDRANT)


def _answer(status: int, said: str, *, method: str, asked: float | None = None) -> Failure:
    """An answer with an HTTP status other than success."""
    name = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "unknown status"
    found = f"{status} {name}" + (f", {said.rstrip('.')}" if said else "")
    if status == 429:
        return Failure(found, _LESS, passing=True, undone=True, status=status, asked=asked)
    if status == 408:
        return Failure(found, _SLOWER, passing=True, status=status)
    if status == 413 or "larger than allowed" in said:
        return Failure(found, _SMALLER, undone=True, status=status)
    if status in (502, 503, 504):
        return Failure(found, _LOG, passing=True, status=status, asked=asked)
    if status >= 500:
        return Failure(found, _LOG, status=status)
    if status in (400, 403, 422) and _STRICT.search(said):
        advice = _INDEX if "index required" in said.lower() else _STRICTER
        return Failure(found, advice, undone=True, status=status, kind=StrictModeError)
    if status in (401, 403):
        advice = _KEY if "must provide" in said.lower() else _OTHER_KEY
        return Failure(found, advice, undone=True, status=status, kind=ServerAccessError)
    if status in (400, 422) and method in _FORMULA and _UNKNOWN.search(said):
        return Failure(found, _OLD, undone=True, status=status, kind=ServerVersionError)
    if status == 404 and _ABSENT.search(said):
        advice = "Index documents first, or name another collection."
        return Failure(found, advice, undone=True, status=status, kind=CollectionNotFoundError)
    advice = _NO_QDRANT if status in (404, 405) and not said else "See what it says of the request."
    return Failure(found, advice, undone=True, status=status)


def _words(content: bytes) -> str:
    """A server's own words on an error; of a page that some proxy wrote, nothing."""
    text = content.decode("utf-8", errors="replace").strip()
    try:
        told = json.loads(text)["status"]["error"]
    except (ValueError, KeyError, TypeError):
        told = "" if text.startswith(("<", "{")) else text
    return " ".join(str(told).split())[:_SAID]
