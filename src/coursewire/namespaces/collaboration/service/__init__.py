"""What /collaboration does: load, decide, save, append. One file for each subject."""
