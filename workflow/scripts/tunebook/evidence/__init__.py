"""Evidence: what was measured on a study's runs, how sure that is, and the words for it."""
