"""Network interfaces of load balancers.

They hold subnets' addresses, elastic IPs and security groups, for a while even after their load balancer is gone.
"""

from collections.abc import Iterable

from moto.ec2.utils import random_eip_association_id, random_public_ip

from cloudlb_aws.emulator import finding
from cloudlb_aws.emulator.context import Context
from cloudlb_aws.emulator.ledger import Lingering, Mapping
from cloudlb_aws.emulator.moto import LoadBalancer, NetworkInterface


def add(context: Context, balancer: LoadBalancer, mappings: Iterable[Mapping]) -> None:
    """Make an interface in each subnet, with the address asked for or a free one."""
    facts = finding.facts(context, balancer)
    for mapping in mappings:
        facts.interfaces[mapping.subnet_id] = _make(context, balancer, mapping)


def _make(context: Context, balancer: LoadBalancer, mapping: Mapping) -> str:
    subnet = finding.subnet(context, mapping.subnet_id)
    address = mapping.private_ipv4 or subnet.get_available_subnet_ip(balancer)
    if mapping.private_ipv4:
        subnet.request_ip(address, balancer)
    full_name = balancer.arn.partition(":loadbalancer/")[2]
    made = context.ec2.create_network_interface(
        subnet, address, group_ids=None, description=f"ELB {full_name}"
    )
    made.interface_type = "network_load_balancer" if balancer.type == "network" else "interface"
    made.requester_managed = True
    made.status = "in-use"
    made._group_set = _groups(context, balancer)  # noqa: SLF001  (moto would add the default group)
    if mapping.allocation_id:
        (allocation,) = context.ec2.address_by_allocation([mapping.allocation_id])
        allocation.eni = made
        allocation.association_id = random_eip_association_id()
        made.public_ip = allocation.public_ip
    elif balancer.scheme == "internet-facing":
        made.public_ip = random_public_ip()
    return str(made.id)


def _groups(context: Context, balancer: LoadBalancer) -> list[object]:
    groups = (context.ec2.get_security_group_from_id(each) for each in balancer.security_groups)
    return [group for group in groups if group is not None]


def regroup(context: Context, balancer: LoadBalancer) -> None:
    """Give the interfaces of a load balancer its present security groups."""
    for interface_id in finding.facts(context, balancer).interfaces.values():
        interface = context.ec2.enis[interface_id]
        interface._group_set = _groups(context, balancer)  # noqa: SLF001


def drop(context: Context, balancer: LoadBalancer, subnet_ids: Iterable[str]) -> None:
    """Let the interfaces in these subnets go, at once or after `interface_seconds`."""
    interfaces = finding.facts(context, balancer).interfaces
    gone = tuple(interfaces.pop(subnet_id) for subnet_id in tuple(subnet_ids))
    until = context.now() + context.settings.interface_seconds
    context.ledger.lingering.append(Lingering(until=until, interfaces=gone))
    sweep(context)


def sweep(context: Context) -> None:
    """Remove the interfaces whose time has come."""
    if not context.ledger.lingering:
        return
    now = context.now()
    due = [each for each in context.ledger.lingering if each.until <= now]
    context.ledger.lingering[:] = [each for each in context.ledger.lingering if each.until > now]
    for each in due:
        for interface_id in each.interfaces:
            _remove(context, context.ec2.enis[interface_id])


def _remove(context: Context, interface: NetworkInterface) -> None:
    for allocation in context.ec2.addresses:
        if allocation.eni is interface:
            allocation.eni = None
            allocation.association_id = None
    interface.delete()
