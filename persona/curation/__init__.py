"""Curation: from rated and corrected turns to lines that a model is trained on."""
