"""The command line and the composition roots; knows every house."""
