"""Lessons: small networks with a known fault, planted on purpose, to be found with the tools."""
