"""Where the authorization house meets databases, the network and metrics."""
