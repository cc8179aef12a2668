"""The open sets as suites: documents to read in, and the questions about them.

``python -m benchmarks.suites`` lists them, ``make SET --out DIR`` writes one, ``run [SET…]`` reads
its documents into a home of its own and asks it by ``wellspoken evaluate``.
"""
