"""The certificate authority: who may have which certificate, and how none is ever lost."""
