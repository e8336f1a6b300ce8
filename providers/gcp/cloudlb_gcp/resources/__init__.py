"""The typed resources of a stack on GCP, one file a kind."""
