"""What /notifications does: load, decide, save, append. Plain functions on a transaction; no sockets, no commit."""
