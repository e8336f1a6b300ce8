"""Bringing the cloud to what a cluster asks for, and keeping it there."""
