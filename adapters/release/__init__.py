"""From a candidate to what is live: the gate, the canary, the promotion."""
