"""Looking up what a call names; what is not there is refused with the code of its kind."""

from collections.abc import Iterator

from cloudlb_aws.emulator.context import Context
from cloudlb_aws.emulator.errors import AwsError, validation
from cloudlb_aws.emulator.ledger import LoadBalancerFacts, TargetGroupFacts
from cloudlb_aws.emulator.moto import Listener, LoadBalancer, Rule, Subnet, TargetGroup
from cloudlb_aws.emulator.names import check_arn


def load_balancer(context: Context, arn: str) -> LoadBalancer:
    """Find a load balancer by ARN."""
    check_arn("load balancer", arn)
    found = context.elbv2.load_balancers.get(arn)
    if found is None:
        raise AwsError("LoadBalancerNotFound", f"Load balancer '{arn}' not found")
    return found


def target_group(context: Context, arn: str) -> TargetGroup:
    """Find a target group by ARN."""
    check_arn("target group", arn)
    found = context.elbv2.target_groups.get(arn)
    if found is None:
        raise AwsError("TargetGroupNotFound", f"Target groups '{arn}' not found")
    return found


def listeners(context: Context) -> Iterator[Listener]:
    """Go through all listeners."""
    for balancer in context.elbv2.load_balancers.values():
        yield from balancer.listeners.values()


def listener(context: Context, arn: str) -> Listener:
    """Find a listener by ARN."""
    check_arn("listener", arn)
    parent = arn.replace(":listener/", ":loadbalancer/").rpartition("/")[0]
    balancer = context.elbv2.load_balancers.get(parent)
    found = balancer.listeners.get(arn) if balancer else None
    if found is None:
        raise AwsError("ListenerNotFound", f"One or more listeners not found: '{arn}'")
    return found


def rule(context: Context, arn: str) -> Rule:
    """Find a rule by ARN, the default ones included."""
    check_arn("listener rule", arn)
    for each in listeners(context):
        for candidate in each.rules.values():
            if candidate.arn == arn:
                return candidate
    raise AwsError("RuleNotFound", f"One or more rules not found: '{arn}'")


def find(context: Context, arn: str) -> object:
    """Find whatever an ARN of ELBv2 names."""
    for part, finder in (
        (":loadbalancer/", load_balancer),
        (":targetgroup/", target_group),
        (":listener/", listener),
        (":listener-rule/", rule),
    ):
        if part in arn:
            return finder(context, arn)
    raise validation(f"'{arn}' is not a valid ARN of a taggable resource")


def facts(context: Context, balancer: LoadBalancer) -> LoadBalancerFacts:
    """Return what is known of a load balancer beyond moto."""
    return context.ledger.load_balancers[balancer.arn]


def group_facts(context: Context, group: TargetGroup) -> TargetGroupFacts:
    """Return what is known of a target group beyond moto."""
    return context.ledger.target_groups[group.arn]


def subnet(context: Context, subnet_id: str) -> Subnet:
    """Find a subnet by id, as ELBv2 refuses a missing one."""
    for zones in context.ec2.subnets.values():
        if subnet_id in zones:
            return zones[subnet_id]
    raise AwsError("SubnetNotFound", f"The subnet ID '{subnet_id}' is not valid")
