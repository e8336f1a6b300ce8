"""The firewall rules of a VPC, for `cloudlb firewall`: reading, telling who made them, deleting, putting back."""

from cloudlb_aws.firewall.cloud import connect as connect
