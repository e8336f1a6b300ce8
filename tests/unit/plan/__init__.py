"""Tests of the engine. A package, so that they can share `things` and `world`."""
