"""What a set of embeddings says about itself, in sentences and on one page."""
