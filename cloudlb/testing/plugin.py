"""Pytest fixtures for repositories that hold manifests."""
