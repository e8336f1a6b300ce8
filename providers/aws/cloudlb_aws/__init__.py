"""The AWS provider of cloudlb."""
