"""What the EV commands share: material from files, operators, and what they show."""
