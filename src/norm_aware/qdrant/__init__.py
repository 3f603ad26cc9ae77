"""Qdrant collections of unnormalised vectors under Dot: the contract, the search, the backfill."""
