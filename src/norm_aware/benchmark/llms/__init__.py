"""The language models that answer and judge."""
