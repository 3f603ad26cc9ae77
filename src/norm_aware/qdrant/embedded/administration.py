"""Collections, aliases and payload indexes of the embedded engine, as qdrant-client names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_jsonable_python
from qdrant_client import models
from qdrant_client.client_base import QdrantBase

from norm_aware.qdrant.embedded.configuration import to_index
from norm_aware.qdrant.embedded.edge import edge
from norm_aware.qdrant.embedded.folder import Folder
from norm_aware.qdrant.embedded.unsupported import DONE, require_supported


class Administration(QdrantBase):
    """Everything about collections as a whole."""

    _folder: Folder

    def create_collection(
        self,
        collection_name: str,
        vectors_config: Any = None,
        sparse_vectors_config: Any = None,
        hnsw_config: Any = None,
        optimizers_config: Any = None,
        quantization_config: Any = None,
        on_disk_payload: bool | None = None,
        metadata: Any = None,
        **others: Any,
    ) -> bool:
        require_supported(others, "create_collection")
        description = models.CreateCollection(
            vectors=vectors_config,
            sparse_vectors=sparse_vectors_config,
            hnsw_config=hnsw_config,
            optimizers_config=optimizers_config,
            quantization_config=quantization_config,
            on_disk_payload=on_disk_payload,
            metadata=to_jsonable_python(metadata),
        )
        self._folder.create(collection_name, description)
        return True

    def update_collection(
        self,
        collection_name: str,
        hnsw_config: Any = None,
        optimizers_config: Any = None,
        quantization_config: Any = None,
        metadata: Any = None,
        **others: Any,
    ) -> bool:
        require_supported(others, "update_collection")
        collection = self._folder.get(collection_name)
        before = collection.description
        changes: dict[str, Any] = {}
        if metadata is not None:  # merged key by key, as a server does
            changes["metadata"] = {**(before.metadata or {}), **to_jsonable_python(metadata)}
        for name, diff in {"hnsw_config": hnsw_config, "optimizers_config": optimizers_config}.items():
            if diff is not None:
                old = getattr(before, name)
                given = diff.model_dump(exclude_none=True)
                changes[name] = diff if old is None else old.model_copy(update=given)
        if quantization_config is not None:
            off = quantization_config == models.Disabled.DISABLED
            changes["quantization_config"] = None if off else quantization_config
        collection.configure(changes)
        return True

    def delete_collection(self, collection_name: str, **_: Any) -> bool:
        return self._folder.delete(collection_name)

    def collection_exists(self, collection_name: str, **_: Any) -> bool:
        return self._folder.exists(collection_name)

    def get_collection(self, collection_name: str, **_: Any) -> models.CollectionInfo:
        return self._folder.get(collection_name).info()

    def get_collections(self, **_: Any) -> models.CollectionsResponse:
        found = [models.CollectionDescription(name=name) for name in self._folder.names()]
        return models.CollectionsResponse(collections=found)

    def update_collection_aliases(
        self, change_aliases_operations: Sequence[models.AliasOperations], **_: Any
    ) -> bool:
        aliases = dict(self._folder.aliases)
        for change in change_aliases_operations:
            if isinstance(change, models.CreateAliasOperation):
                self._folder.get(change.create_alias.collection_name)
                aliases[change.create_alias.alias_name] = change.create_alias.collection_name
            elif isinstance(change, models.DeleteAliasOperation):
                aliases.pop(change.delete_alias.alias_name, None)
            else:
                to = aliases.pop(change.rename_alias.old_alias_name, None)
                if to is not None:
                    aliases[change.rename_alias.new_alias_name] = to
        self._folder.set_aliases(aliases)
        return True

    def get_aliases(self, **_: Any) -> models.CollectionsAliasesResponse:
        return models.CollectionsAliasesResponse(
            aliases=[
                models.AliasDescription(alias_name=alias, collection_name=name)
                for alias, name in self._folder.aliases.items()
            ]
        )

    def get_collection_aliases(self, collection_name: str, **_: Any) -> models.CollectionsAliasesResponse:
        found = [a for a in self.get_aliases().aliases if a.collection_name == collection_name]
        return models.CollectionsAliasesResponse(aliases=found)

    def create_payload_index(
        self,
        collection_name: str,
        field_name: str,
        field_schema: Any = None,
        field_type: Any = None,
        **others: Any,
    ) -> models.UpdateResult:
        require_supported(others, "create_payload_index")
        schema = to_index(field_schema or field_type)
        self._folder.get(collection_name).update(edge.UpdateOperation.create_field_index(field_name, schema))
        return DONE

    def delete_payload_index(self, collection_name: str, field_name: str, **_: Any) -> models.UpdateResult:
        self._folder.get(collection_name).update(edge.UpdateOperation.delete_field_index(field_name))
        return DONE
