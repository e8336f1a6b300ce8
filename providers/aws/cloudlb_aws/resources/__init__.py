"""One module a kind of AWS object: its managed settings as a frozen struct."""
