"""From rated answers to a tuned model: review, data sets, rounds of tuning."""
