"""Which chain, to which anchor, for which purpose, at which moment."""
