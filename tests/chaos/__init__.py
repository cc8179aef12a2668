"""Faults under load: what is lost, doubled, late or out of order when things break.

``python -m tests.chaos`` runs every scenario and writes ``docs/chaos.md``; ``--list`` names them.
"""
