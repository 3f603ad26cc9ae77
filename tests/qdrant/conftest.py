from __future__ import annotations

import pytest
from tests.qdrant.ways import Way


@pytest.fixture(params=["sync", "async", "threaded"])
def way(request, server):
    way = Way(request.param, server.url, timeout=1)
    yield way
    way.close()
