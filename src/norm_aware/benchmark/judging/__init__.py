"""Whether a language model may be trusted to judge."""
