"""Cases for a suite, proposed from documents: by headings, tables and sentences, or by a model."""
