"""The chat on other websites: its endpoints, and who may speak to it."""
