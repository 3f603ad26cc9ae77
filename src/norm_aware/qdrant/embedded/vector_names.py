"""Vectors that an existing collection of the embedded engine gains or loses, as qdrant-client names them."""

from __future__ import annotations

from typing import Any

from qdrant_client import models
from qdrant_client.client_base import QdrantBase

from norm_aware.qdrant.embedded.edge import edge, named, refuse
from norm_aware.qdrant.embedded.folder import Folder
from norm_aware.qdrant.embedded.unsupported import DONE, require_supported
from norm_aware.qdrant.field import dense_vectors


class VectorNames(QdrantBase):
    """Adding and removing vectors; a run cut off between engine and description is simply run again."""

    _folder: Folder

    def create_vector_name(
        self, collection_name: str, vector_name: str, vector_name_config: Any, **others: Any
    ) -> models.UpdateResult:
        require_supported(others, "create_vector_name")
        collection = self._folder.get(collection_name)
        if isinstance(vector_name_config, models.SparseVectorNameConfig):
            modifier = vector_name_config.sparse.modifier
            collection.update(
                edge.UpdateOperation.create_sparse_vector(
                    vector_name, None if modifier is None else named(edge.Modifier, modifier)
                )
            )
            sparse = dict(collection.description.sparse_vectors or {})
            sparse[vector_name] = models.SparseVectorParams(modifier=modifier)
            collection.configure({"sparse_vectors": sparse})
            return DONE
        given = vector_name_config.dense
        if given.multivector_config is not None or given.datatype is not None:
            raise refuse("multivector_config and datatype in create_vector_name")
        distance = named(edge.Distance, given.distance)
        collection.update(edge.UpdateOperation.create_dense_vector(vector_name, given.size, distance))
        dense = dense_vectors(collection.description.vectors)
        dense[vector_name] = models.VectorParams(size=given.size, distance=given.distance)
        collection.configure({"vectors": dense})
        return DONE

    def delete_vector_name(
        self, collection_name: str, vector_name: str, **others: Any
    ) -> models.UpdateResult:
        require_supported(others, "delete_vector_name")
        collection = self._folder.get(collection_name)
        dense, sparse = (
            dense_vectors(collection.description.vectors),
            dict(collection.description.sparse_vectors or {}),
        )
        dense.pop(vector_name, None)
        sparse.pop(vector_name, None)
        collection.update(edge.UpdateOperation.delete_vector_name(vector_name))
        collection.configure({"vectors": dense, "sparse_vectors": sparse})
        return DONE
