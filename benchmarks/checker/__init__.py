"""Training data and training of the encoder that checks claims and answerable questions."""
