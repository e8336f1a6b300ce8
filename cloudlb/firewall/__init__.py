"""The firewall rules around a cluster, whoever made them: what each is for, and whether anybody still needs it."""
