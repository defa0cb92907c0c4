"""The HTTP doors of the pki house."""
