"""Where private keys live and how they are asked to sign."""
