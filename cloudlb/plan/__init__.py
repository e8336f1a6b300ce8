"""The engine: typed resources, their difference, the order of changes and their execution.

Pure but for `apply`, which calls a driver. Nothing here knows a cloud or Kubernetes.
"""
