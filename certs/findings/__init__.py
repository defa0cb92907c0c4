"""Facts about certificates that somebody may have to act on, and the catalogue of all of them."""
