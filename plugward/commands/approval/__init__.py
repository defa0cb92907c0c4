"""Commands about authorities that others have to approve."""
