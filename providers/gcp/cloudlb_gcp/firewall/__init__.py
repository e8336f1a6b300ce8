"""The firewall rules of a network, for `cloudlb firewall`: reading, telling who made them, deleting, putting back."""

from cloudlb_gcp.firewall.cloud import connect as connect
