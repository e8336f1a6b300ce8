"""cloudlb: real cloud load balancers for Kubernetes Services."""
