"""Many tenants in one collection, each of whom sees only their own points.

A tenant's points carry its name in their payload, under a key that is indexed as one of tenants, so that
Qdrant keeps each one's points together. The norm ranges of a search stay those of the whole collection: they
are bounds of lengths, and a tenant whose norms differ much from the others' merely fills them unevenly.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from qdrant_client import models

from norm_aware.errors import QueryError
from norm_aware.qdrant.calls import Steps, call

_NAMESPACE = uuid.UUID("6f1d3c0e-6e0b-5f0a-9a53-1c1a8e2b7d44")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One of those who share a collection.

    Args:
        name: by which its points are told from others'.
        key: payload key that holds the name.

    Raises:
        QueryError: for an empty name or key.

    Example:
        >>> Tenant("acme").filter.must[0].match.value
        'acme'
    """

    name: str
    key: str = "tenant_id"

    def __post_init__(self) -> None:
        if not self.name or not self.key:
            raise QueryError(f"The tenant {self.name!r} under {self.key!r} has no name or no key; give both.")

    @property
    def filter(self) -> models.Filter:
        """What selects this tenant's points."""
        mine = models.FieldCondition(key=self.key, match=models.MatchValue(value=self.name))
        return models.Filter(must=[mine])

    def point_id(self, node_id: str) -> str:
        """The point id of this tenant's node: another tenant's node of the same id has another."""
        return str(uuid.uuid5(uuid.uuid5(_NAMESPACE, self.name), node_id))


def create_tenant_index(collection: str, tenant: Tenant) -> Steps[None]:
    """Index the tenant's key, so that Qdrant keeps each tenant's points together."""
    yield call(
        "create_payload_index",
        collection_name=collection,
        field_name=tenant.key,
        field_schema=models.KeywordIndexParams(
            type=models.KeywordIndexType.KEYWORD,
            is_tenant=True,
        ),
    )
