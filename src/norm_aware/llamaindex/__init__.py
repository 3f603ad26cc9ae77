"""The LlamaIndex classes: embedding, store, retriever, reranker, events."""
