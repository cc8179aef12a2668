"""Live facts: prices, stock, order states, fetched when asked for, never indexed, never stored."""
