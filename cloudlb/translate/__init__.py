"""Kubernetes objects to the provider-neutral model. Pure: no client, no I/O."""
