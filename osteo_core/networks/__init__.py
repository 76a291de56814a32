"""Architectures, heads, preprocessing, and the graph work that makes any Keras model readable."""
