"""Tests of translation. A package, so that they can share `things`."""
