"""The inbound rules of the security groups around a cluster, and security groups that hang together with them."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from cloudlb.errors import CloudError, NotFound, UsageError
from cloudlb.firewall.made import Dependent
from cloudlb.firewall.rules import Around, Door, Quota, Rule, Told, untold
from cloudlb.model import Node
from cloudlb.plan.apply import unfenced
from cloudlb.plan.pace import PACE, Pace
from cloudlb.plan.resource import Key
from cloudlb.provider import CloudSettings
from cloudlb_aws import ownership
from cloudlb_aws.batches import batches
from cloudlb_aws.cloud import AwsCloud
from cloudlb_aws.cloud import connect as connect_cloud
from cloudlb_aws.design.security import group_of
from cloudlb_aws.drivers.context import tag_list
from cloudlb_aws.firewall import dependents
from cloudlb_aws.firewall.around import Surroundings
from cloudlb_aws.firewall.rule import rule_of
from cloudlb_aws.landscape import instance_ids
from cloudlb_aws.reading import instances
from cloudlb_aws.reading import rules as reading
from cloudlb_aws.reading.security_group import describe, where
from cloudlb_aws.resources.ingress_rules import IngressRule

_DUPLICATE = "InvalidPermission.Duplicate"
_FULLEST = 3
"""Groups whose use of their quota is told."""

_GROUPS_A_CALL = 200
"""Values that one filter takes (EC2 API, Filter)."""


def connect(settings: CloudSettings, pace: Pace = PACE) -> "AwsFirewall":
    """Make the reader. No call yet, but UsageError where there are no credentials."""
    return AwsFirewall(connect_cloud(settings, pace))


class AwsFirewall:
    """Reads the rules of one VPC (`cloudlb.firewall.rules.Firewall`)."""

    def __init__(self, cloud: AwsCloud) -> None:
        """Read nothing yet."""
        self._cloud = cloud
        self._around: Surroundings | None = None
        self._used: dict[str, int] = {}
        self._limit = 0

    def rules(self, around: Around, told: Told = untold) -> Sequence[Rule]:
        """Return the inbound rules of the nodes' groups and of load balancers', or of all groups of the VPC."""
        landscape, ec2 = self._cloud.survey(around.nodes), self._cloud.session.ec2
        wanted = instance_ids(each.provider_id for each in around.further)
        further = tuple(instances.read(ec2, wanted))
        found = describe(ec2, [where("vpc-id", landscape.vpc_id)])
        groups = {each["GroupId"]: each for each in found}
        known = Surroundings(self._cloud.session, landscape, further, groups)
        of_nodes = {group for each in (*landscape.instances, *further) for group in each.groups}
        chosen = [
            key
            for key in sorted(groups)
            if around.everything
            or key in of_nodes
            or key in known.dressed
            or key in known.makers
            or key in known.ours
        ]
        read = tuple(self._read(chosen, known, told))
        self._around = known
        self._limit = landscape.rules_per_group
        self._used = Counter(f"{each.place_name} ({each.place})" for each in read)
        return read

    def dependents(self, rules: Sequence[Rule]) -> Sequence[Dependent]:
        """Return the security groups of controllers in the VPC whose rules were read last."""
        if self._around is None:
            message = "the rules have not been read"
            raise AssertionError(message)
        return tuple(dependents.groups(self._around, rules))

    def quotas(self) -> Sequence[Quota]:
        """Return the fullest security groups of those that were read, beside the number of rules that a group holds."""
        fullest = sorted(self._used.items(), key=lambda each: (-each[1], each[0]))
        return tuple(
            Quota(what=f"rules of security group {name}", used=used, limit=self._limit)
            for name, used in fullest[:_FULLEST]
        )

    def open(self, door: Door, nodes: Sequence[Node]) -> tuple[str, ...]:
        """Make one rule for each port and source on the group of each node; those that are there stay."""
        landscape = self._cloud.survey(nodes)
        groups = {
            group_of(landscape, each.groups)[0] for each in landscape.instances if each.groups
        }
        if not groups:
            message = "no firewall rule can be made for the nodes: their instances are in no security group"
            raise UsageError(message)
        tags = {**ownership.tags_of(door.owner, Key("open/nodes")), **_marks(door)}
        return tuple(made for group in sorted(groups) for made in self._opened(group, tags, door))

    def _opened(self, group: str, tags: Mapping[str, str], door: Door) -> Iterator[str]:
        """Authorise rule by rule: AWS refuses a whole call where one of its rules is there already."""
        for opening in sorted(door.openings):
            for source in sorted(door.sources):
                rule = IngressRule(
                    protocol=opening.protocol,
                    from_port=opening.from_port,
                    to_port=opening.to_port,
                    source=source,
                )
                (permission,) = reading.permissions([rule])
                content = {"group": group, "permission": permission, "tags": tag_list(tags)}
                if made := self.restore(json.dumps(content), {}):
                    yield made

    def delete(self, rule: Rule) -> bool:
        """Delete a rule; False if it, or its group, has gone already."""
        ec2 = self._cloud.session.ec2
        try:
            ec2.write(
                "RevokeSecurityGroupIngress",
                unfenced,
                GroupId=rule.place,
                SecurityGroupRuleIds=[rule.id],
            )
        except NotFound:
            return False
        return True

    def remove(self, dependent: Dependent) -> bool:
        """Delete a security group; False if it has gone already."""
        try:
            self._cloud.session.ec2.write("DeleteSecurityGroup", unfenced, GroupId=dependent.id)
        except NotFound:
            return False
        return True

    def put_back(self, saved: str, moved: Mapping[str, str]) -> tuple[str, bool]:
        """Make a security group again; its id is a new one."""
        return dependents.put_back(self._cloud.session.ec2, saved, moved)

    def restore(self, saved: str, moved: Mapping[str, str]) -> str:
        """Put a rule back with its description and tags; the id is a new one."""
        found = json.loads(saved)
        tags = {"ResourceType": "security-group-rule", "Tags": found["tags"]}
        try:
            reply = self._cloud.session.ec2.write(
                "AuthorizeSecurityGroupIngress",
                unfenced,
                GroupId=moved.get(found["group"], found["group"]),
                IpPermissions=[dependents.moved_to(found["permission"], moved)],
                **({"TagSpecifications": [tags]} if found["tags"] else {}),
            )
        except CloudError as error:
            if error.code == _DUPLICATE:
                return ""
            raise
        return str(reply["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def _read(self, chosen: Sequence[str], known: Surroundings, told: Told) -> Iterator[Rule]:
        count = 0
        for some in batches(chosen, _GROUPS_A_CALL):
            described = reading.read(self._cloud.session.ec2, [where("group-id", *some)])
            for rules in described.values():
                for each in rules.values():
                    count += 1
                    yield rule_of(each, known)
            told(count)


def _marks(door: Door) -> dict[str, str]:
    if door.expires is None:
        return {ownership.DIRECT: "true"}
    until = door.expires.isoformat(timespec="seconds")
    return {ownership.DIRECT: "true", ownership.EXPIRES: until}
