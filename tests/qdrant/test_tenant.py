from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_client import models

from norm_aware.errors import QueryError
from norm_aware.qdrant.tenant import Tenant, create_tenant_index

names = st.text(min_size=1, max_size=5, alphabet="ab/-:\x00")


@given(pairs=st.sets(st.tuples(names, names), min_size=2, max_size=20))
def test_point_ids_of_different_tenants_and_nodes_never_collide(pairs):
    assert len({Tenant(tenant).point_id(node) for tenant, node in pairs}) == len(pairs)


def test_a_nodes_id_in_any_spelling_of_a_uuid_is_a_valid_point_id():
    for node in ("plain", str(uuid.uuid4()), "", "ä"):
        uuid.UUID(Tenant("acme").point_id(node))


def test_a_server_is_asked_to_keep_tenants_together():
    (call,) = create_tenant_index("c", Tenant("acme", key="customer"))
    assert (call.method, call.arguments["field_name"]) == ("create_payload_index", "customer")
    schema = call.arguments["field_schema"]
    assert schema.is_tenant
    assert schema.type == models.KeywordIndexType.KEYWORD


@pytest.mark.parametrize(("name", "key"), [("", "tenant_id"), ("acme", "")])
def test_a_tenant_without_a_name_or_a_key_is_refused(name, key):
    with pytest.raises(QueryError, match="give both"):
        Tenant(name, key)
