"""What a Plug & Charge certificate is, says and proves. No network, no database, no clock."""
