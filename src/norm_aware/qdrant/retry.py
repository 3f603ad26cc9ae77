"""When a failed request is sent again, and after how long: a decision without clock, chance or network."""

from __future__ import annotations

from dataclasses import dataclass

from norm_aware.errors import SettingsError

REPEATABLE = frozenset(
    {
        "batch_update_points",
        "clear_payload",
        "collection_exists",
        "count",
        "create_payload_index",
        "delete",
        "delete_collection",
        "delete_payload",
        "delete_payload_index",
        "delete_vectors",
        "facet",
        "get_aliases",
        "get_collection",
        "get_collection_aliases",
        "get_collections",
        "info",
        "overwrite_payload",
        "query_batch_points",
        "query_points",
        "query_points_groups",
        "retrieve",
        "scroll",
        "search_matrix_offsets",
        "search_matrix_pairs",
        "set_payload",
        "update_collection",
        "update_vectors",
        "upsert",
    }
)
"""Methods of a Qdrant client that leave the same data when they are carried out twice, as points have ids."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and how patiently, a request is sent again.

    Waits double from `first` to `most`, each shortened by chance to between half and all of it, so that many
    clients do not come back at once. A wait that the server asks for (`Retry-After`) is kept.

    Attributes:
        attempts: requests sent at most, the first included.
        first: seconds before the second.
        most: longest wait of our own choosing, in seconds.
        patience: seconds from the first request after which none is sent again.

    Raises:
        SettingsError: for less than one attempt, or a negative time.

    Example:
        >>> RetryPolicy().wait(2, elapsed=0.3, asked=None, chance=1.0)
        0.5
    """

    attempts: int = 6
    first: float = 0.25
    most: float = 8.0
    patience: float = 60.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise SettingsError(f"attempts is {self.attempts}; at least 1 is needed.")
        for name in ("first", "most", "patience"):
            if not getattr(self, name) >= 0:
                raise SettingsError(f"{name} is {getattr(self, name)}; seconds of at least 0 are needed.")

    def wait(self, failed: int, *, elapsed: float, asked: float | None, chance: float) -> float | None:
        """Seconds to wait before the next attempt; None when there is to be none.

        Args:
            failed: attempts that have failed so far, at least 1.
            elapsed: seconds since the first began.
            asked: seconds that the server asked to be left alone.
            chance: a random number from 0 to 1.
        """
        if failed >= self.attempts:
            return None
        longest: float = min(self.most, self.first * 2.0 ** min(failed - 1, 60))
        seconds = longest * (1 + chance) / 2 if asked is None else asked + self.first * chance
        return seconds if elapsed + seconds <= self.patience else None
