"""The tables, and the adapters that keep what the authority's ports promise."""
