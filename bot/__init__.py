"""The ground of the house: words, ports, store, policies and the engine.

Nothing here knows a chat platform, a vector database or a persona file; those
packages implement the ports of :mod:`bot.ports` and are put together by
:mod:`adapters.assembly`.
"""
