"""Texts as numbers: n-grams, GloVe vectors, sentence vectors."""
