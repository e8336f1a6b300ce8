"""For tests, ours and our users': emulated clouds' layers, the provider laws, pytest fixtures."""
