"""Where chunks live: one protocol, the embedded store, and servers behind the same protocol."""
