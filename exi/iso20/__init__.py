"""The messages of ISO 15118-20:2022: CommonMessages, AC and DC."""
