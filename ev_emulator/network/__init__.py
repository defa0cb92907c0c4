"""Sockets and TLS: thin, and of no opinion."""
