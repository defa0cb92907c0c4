"""ISO 15118 messages and their EXI form. No X.509, no sockets."""
