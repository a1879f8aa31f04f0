"""What may happen in a document, and to what is written beside it: pure decisions, one file for each subject."""
