"""HOW it is said: the persona, its prompts and style, and the voice that speaks."""
