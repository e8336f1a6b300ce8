"""The GCP provider of cloudlb."""
