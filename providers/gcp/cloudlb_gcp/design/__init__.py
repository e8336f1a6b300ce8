"""How a load balancer becomes resources of Compute Engine: pure functions of the model and the landscape."""
