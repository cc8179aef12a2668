"""WHAT is said: documents in, passages out, and the check that answers keep to them."""
