"""From the provider-neutral load balancer to AWS resources. Pure: no call, no clock, no SDK."""
