"""The families of rules. Importing this registers every handler."""

from cloudlb_aws.emulator import (
    attributes,
    certificates,
    ec2_tags,
    group_rule_calls,
    listener_rules,
    listeners,
    load_balancer_network,
    load_balancers,
    security_groups,
    tagging,
    tags,
    target_groups,
    targets,
)

FAMILIES = (
    attributes,
    certificates,
    ec2_tags,
    group_rule_calls,
    listener_rules,
    listeners,
    load_balancer_network,
    load_balancers,
    security_groups,
    tagging,
    tags,
    target_groups,
    targets,
)
