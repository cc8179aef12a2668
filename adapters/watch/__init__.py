"""The standing watch over live turns, and the suites that are asked by themselves."""
