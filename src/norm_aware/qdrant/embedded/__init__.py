"""Qdrant's engine in this process, behind qdrant-client's interface."""

from norm_aware.qdrant.embedded.client import AsyncEmbeddedClient, EmbeddedClient

__all__ = ["AsyncEmbeddedClient", "EmbeddedClient"]
