"""A short name for what something depends on, the same in every run: keys of rows that are kept."""

from __future__ import annotations

import hashlib
import json


def digest(*parts: object) -> str:
    """Hash of JSON values; the order of an object's names does not matter.

    Example:
        >>> digest("a", ("b",), 1)
        '164f0066fa922e854ae0f1b6f2a71d1f'
    """
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).hexdigest()
