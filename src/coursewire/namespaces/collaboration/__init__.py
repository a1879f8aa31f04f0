"""Documents edited together, and annotations beside them."""
