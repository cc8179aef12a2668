"""The gap loop: questions that could not be answered, by topic. Grouping, names, drafts."""
