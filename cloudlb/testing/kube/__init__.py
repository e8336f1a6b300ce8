"""A real Kubernetes API server on this machine, for tests and for the demo."""
