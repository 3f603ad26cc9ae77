from __future__ import annotations

import pytest

from norm_aware import IndexOptions
from norm_aware.errors import QueryError


@pytest.mark.parametrize("name", ["window", "upload_size", "uploaders", "max_characters", "chunk_size"])
def test_a_number_below_one_is_refused_by_its_name(name):
    with pytest.raises(QueryError, match=f"{name} is 0; at least 1"):
        IndexOptions(**{name: 0})
