"""The trained checker: what it is shown of the passages, and the encoder itself."""
