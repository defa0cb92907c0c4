"""Signed messages of ISO 15118: XML signatures over EXI fragments, as its profile has them."""
