"""The provider laws, by theme; `cloudlb.testing.conformance` puts them together."""
