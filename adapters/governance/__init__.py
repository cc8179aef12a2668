"""Governance: the trail kept and given out, people's data, what becomes too old."""
