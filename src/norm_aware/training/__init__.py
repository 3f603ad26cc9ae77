"""Recipes that hand our losses to sentence-transformers' own trainer."""
