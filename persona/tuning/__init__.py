"""Fine-tuning rounds: a data set in, a candidate of the voice out."""
