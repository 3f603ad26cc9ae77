from __future__ import annotations

import json

import httpx
import pytest
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from norm_aware.errors import (
    CollectionNotFoundError,
    ServerAccessError,
    ServerError,
    ServerVersionError,
    StrictModeError,
)
from norm_aware.qdrant.failure import read_failure

INDEX = (
    'Bad request: Index required but not found for "colour" of one of the following types: [keyword]. '
    "Help: Create an index for this key or use a different filter."
)
LIMIT = 'Bad request: Limit exceeded 100 > 10 for "limit". Help: Reduce the "limit" parameter to or below 10.'
FORMULA = (
    "Format error in JSON body: data did not match any variant of untagged enum QueryInterface at line 1"
)


def answered(status: int, told: str | bytes = "", **headers: str) -> UnexpectedResponse:
    body = told if isinstance(told, bytes) else json.dumps({"status": {"error": told}}).encode()
    return UnexpectedResponse(status, "", body, httpx.Headers(headers))


@pytest.mark.parametrize(
    ("error", "kind", "advice"),
    [
        (
            answered(401, b"Must provide an API key or an Authorization bearer token"),
            ServerAccessError,
            "Give",
        ),
        (answered(401, b"Invalid API key or JWT"), ServerAccessError, "Check the API key"),
        (answered(403, "Forbidden: Global manage access is required"), ServerAccessError, "may do"),
        (answered(400, INDEX), StrictModeError, "`create_payload_index` for the key"),
        (answered(403, LIMIT), StrictModeError, "ask for less"),
        (answered(400, FORMULA), ServerVersionError, "Upgrade Qdrant to 1.16"),
        (answered(404, "Not found: Collection `docs` doesn't exist!"), CollectionNotFoundError, "Index doc"),
        (answered(404, b""), ServerError, "mend the URL"),
        (answered(409, "Wrong input: Collection `docs` already exists!"), ServerError, "already exists"),
        (answered(413, ""), ServerError, "fewer points"),
        (
            answered(400, "Payload error: JSON payload (33 MB) is larger than allowed"),
            ServerError,
            "batch_size",
        ),
        (answered(500, "Service internal error: disk full"), ServerError, "disk full"),
        (ResponseHandlingException(ValueError("<html>secret page</html>")), ServerError, "mend the URL"),
        (
            ResponseHandlingException(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")),
            ServerError,
            "CA_FILE",
        ),
    ],
)
def test_what_will_not_pass_by_itself_ends_in_its_own_error_with_what_to_do(error, kind, advice):
    failure = read_failure(error, method="query_points")
    assert not failure.passing
    told = failure.to_error(
        "query_points", collection="docs", url="http://h", attempts=1, seconds=0, repeatable=True
    )
    assert type(told) is kind
    assert advice in str(told)
    assert "query_points of collection 'docs'" in str(told)
    assert "html" not in str(told)


@pytest.mark.parametrize(
    ("error", "undone", "asked"),
    [
        (ResourceExhaustedResponse("slow down", 7), True, 7.0),
        (QdrantException("Retry-After header value is not a valid integer: Wed, 1 Jan"), True, None),
        (answered(429), True, None),
        (answered(503, **{"Retry-After": "3"}), False, 3.0),
        (answered(502, b"<html>Bad Gateway</html>"), False, None),
        (answered(504), False, None),
        (answered(408, "Timeout: Operation 'Search' timed out after 1 seconds"), False, None),
        (ResponseHandlingException(httpx.ConnectError("refused")), True, None),
        (ResponseHandlingException(httpx.ConnectTimeout("")), True, None),
        (ResponseHandlingException(httpx.PoolTimeout("")), True, None),
        (ResponseHandlingException(httpx.ReadTimeout("")), False, None),
        (ResponseHandlingException(httpx.RemoteProtocolError("Server disconnected")), False, None),
    ],
)
def test_what_may_pass_says_whether_anything_was_done_and_how_long_the_server_asked_for(error, undone, asked):
    failure = read_failure(error, method="upsert")
    assert failure.passing
    assert (failure.undone, failure.asked) == (undone, asked)


def test_a_deserialisation_error_is_one_of_version_only_where_a_formula_can_be_meant():
    assert read_failure(answered(400, FORMULA), method="upsert").kind is ServerError


def test_a_callers_own_mistake_is_no_failure_of_the_server():
    assert read_failure(ValueError("Unsupported points type"), method="upsert") is None


def test_grpc_says_the_same_as_http():
    client = QdrantClient(
        url="http://127.0.0.1:9", grpc_port=9, prefer_grpc=True, check_compatibility=False, timeout=1
    )
    try:
        client.count("docs")
    except Exception as error:
        failure = read_failure(error, method="count")
    client.close()
    assert failure.passing
    assert failure.status in (503, None)
