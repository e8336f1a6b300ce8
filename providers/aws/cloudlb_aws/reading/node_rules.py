"""Rules that we made on the security groups of the nodes, found by their own tags."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from cloudlb.plan.resource import CloudId, Found
from cloudlb_aws.reading import rules
from cloudlb_aws.reading.security_group import tagged
from cloudlb_aws.resources.ingress_rules import IngressRule
from cloudlb_aws.resources.node_rules import NodeRules, PortRange, exposure_id
from cloudlb_aws.session import Api


def read(ec2: Api, marks: Mapping[str, str], marked_by: str = "") -> Iterator[Found[NodeRules]]:
    """Read all rules that carry the given tags: one resource for each group and source."""
    for group_id, described in rules.read(ec2, tagged(marks)).items():
        by_source: dict[str, list[IngressRule]] = defaultdict(list)
        for rule in described:
            by_source[rule.source].append(rule)
        for source, some in by_source.items():
            by_group = source.startswith("sg-")
            value = NodeRules(
                id=group_id if by_group else exposure_id(group_id, source),
                group=group_id,
                source=source,
                ports=frozenset(map(port_range, some)),
                marked_by="" if by_group else marked_by,
            )
            yield found(value, rules.ids_of(described[rule] for rule in some))


def port_range(rule: IngressRule) -> PortRange:
    """Return the ports of a rule."""
    return PortRange(protocol=rule.protocol, from_port=rule.from_port, to_port=rule.to_port)


def found(value: NodeRules, ids: rules.RuleIds) -> Found[NodeRules]:
    """Return the rules on one group as found; the handles are the ids of single rules.

    The group's own id is shared with rules from another source (an earlier backend group), hence both make the id.
    """
    return Found(
        id=CloudId(f"{value.group}/{value.source}"),
        value=value,
        attributes={"group_id": value.group},
        handles=dict(ids),
    )
