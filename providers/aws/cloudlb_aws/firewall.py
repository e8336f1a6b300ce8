"""The inbound rules of the security groups around a cluster, with what tells who made them.

| maker                        | recognised by                                              | gone when                          |
|------------------------------|------------------------------------------------------------|------------------------------------|
| cloudlb                      | the rule's own tags                                        | (told by its owner)                |
| AWS Load Balancer Controller | `elbv2.k8s.aws/…` as description of a rule on the nodes;   | no load balancer wears its source  |
|                              | its tags and description on a load balancer's group        | group; none wears the group        |
| cloud-provider-aws           | `kubernetes.io/rule/nlb/…=NAME` as a rule's description    | there is no load balancer NAME     |

Sources: aws.md 2A.2, 2A.5 and 2A.6.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudlb.errors import CloudError, NotFound, UsageError
from cloudlb.firewall.rules import OURS, Door, Opening, Quota, Rule
from cloudlb.model import Node
from cloudlb.plan.apply import unfenced
from cloudlb.plan.pace import PACE, Pace
from cloudlb.plan.resource import Key
from cloudlb.provider import CloudSettings
from cloudlb_aws import ownership
from cloudlb_aws.cloud import AwsCloud
from cloudlb_aws.cloud import connect as connect_cloud
from cloudlb_aws.design.security import group_of
from cloudlb_aws.drivers.context import tag_list
from cloudlb_aws.reading import rules as reading
from cloudlb_aws.reading.security_group import describe, tags_of, where
from cloudlb_aws.resources.ingress_rules import IngressRule
from cloudlb_aws.session import Json

CONTROLLER = "AWS Load Balancer Controller"
IN_TREE = "cloud-provider-aws"

_LBC_RULE = "elbv2.k8s.aws/"
_LBC_TAG = "elbv2.k8s.aws/cluster"
_LBC_GROUP = "[k8s] Managed SecurityGroup for LoadBalancer"
_IN_TREE_RULE = "kubernetes.io/rule/nlb/"
_DUPLICATE = "InvalidPermission.Duplicate"
_FULLEST = 3
"""Groups whose use of their quota is told."""

_GROUPS_A_CALL = 200
"""Values that one filter takes (EC2 API, Filter)."""


def connect(settings: CloudSettings, pace: Pace = PACE) -> "AwsFirewall":
    """Make the reader. No call yet, but UsageError where there are no credentials."""
    return AwsFirewall(connect_cloud(settings, pace), settings)


@dataclass(frozen=True, slots=True)
class _Account:
    """What is known of the groups and load balancers around the rules."""

    cluster: str
    groups: Mapping[str, Json]
    worn: frozenset[str]
    balancers: frozenset[str]


class AwsFirewall:
    """Reads the rules of one VPC (`cloudlb.firewall.rules.Firewall`)."""

    def __init__(self, cloud: AwsCloud, settings: CloudSettings) -> None:
        """Read nothing yet."""
        self._cloud = cloud
        self._settings = settings
        self._used: dict[str, int] = {}
        self._limit = 0

    def rules(self, nodes: Sequence[Node], *, everything: bool = False) -> Sequence[Rule]:
        """Return the inbound rules of the nodes' and load balancers' groups, or of all groups of the VPC."""
        landscape = self._cloud.survey(nodes)
        session = self._cloud.session
        found = describe(session.ec2, [where("vpc-id", landscape.vpc_id)])
        groups = {each["GroupId"]: each for each in found}
        of_nodes = {group for each in landscape.instances for group in each.groups}
        balancers = [
            each
            for page in session.elbv2.pages("DescribeLoadBalancers")
            for each in page["LoadBalancers"]
        ]
        account = _Account(
            cluster=self._settings.cluster,
            groups=groups,
            worn=frozenset(id_ for each in balancers for id_ in each.get("SecurityGroups") or ()),
            balancers=frozenset(str(each["LoadBalancerName"]) for each in balancers),
        )
        chosen = [
            key
            for key, group in sorted(groups.items())
            if everything or key in of_nodes or key in account.worn or _is_of_a_controller(group)
        ]
        read = tuple(self._read(chosen, account))
        self._limit = landscape.rules_per_group
        self._used = Counter(f"{each.place_name} ({each.place})" for each in read)
        return read

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
                if made := self.restore(json.dumps(content)):
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

    def restore(self, saved: str) -> str:
        """Put a rule back with its description and tags; the id is a new one."""
        found = json.loads(saved)
        tags = {"ResourceType": "security-group-rule", "Tags": found["tags"]}
        try:
            reply = self._cloud.session.ec2.write(
                "AuthorizeSecurityGroupIngress",
                unfenced,
                GroupId=found["group"],
                IpPermissions=[found["permission"]],
                **({"TagSpecifications": [tags]} if found["tags"] else {}),
            )
        except CloudError as error:
            if error.code == _DUPLICATE:
                return ""
            raise
        return str(reply["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def _read(self, chosen: Sequence[str], account: _Account) -> Iterator[Rule]:
        for start in range(0, len(chosen), _GROUPS_A_CALL):
            some = chosen[start : start + _GROUPS_A_CALL]
            described = reading.read(self._cloud.session.ec2, [where("group-id", *some)])
            for rules in described.values():
                for each in rules.values():
                    yield _rule(each, account)


def _marks(door: Door) -> dict[str, str]:
    if door.expires is None:
        return {ownership.DIRECT: "true"}
    until = door.expires.isoformat(timespec="seconds")
    return {ownership.DIRECT: "true", ownership.EXPIRES: until}


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _is_of_a_controller(group: Json) -> bool:
    tags = tags_of(group)
    return ownership.CLUSTER in tags or _LBC_TAG in tags or group["Description"] == _LBC_GROUP


def _rule(described: Json, account: _Account) -> Rule:
    plain = reading.rule_of(described)
    group = account.groups[described["GroupId"]]
    tags = tags_of(described)
    made = _Maker(described, group, plain.source, account)
    cluster = tags.get(ownership.CLUSTER, "")
    return Rule(
        id=described["SecurityGroupRuleId"],
        place=described["GroupId"],
        place_name=group["GroupName"],
        openings=(
            Opening(
                "all" if plain.protocol == "-1" else plain.protocol, plain.from_port, plain.to_port
            ),
        ),
        sources=(plain.source,),
        description=described.get("Description", ""),
        maker=OURS if cluster else made.name,
        owner=ownership.owner_of(tags, cluster) if cluster else None,
        gone=not cluster and made.gone,
        direct=ownership.DIRECT in tags,
        expires=_time(tags.get(ownership.EXPIRES, "")),
        facts=() if cluster else made.facts,
        saved=_saved(described),
    )


def _saved(described: Json) -> str:
    """Return all that makes a rule, as text: what AuthorizeSecurityGroupIngress takes."""
    (permission,) = reading.permissions([reading.rule_of(described)])
    for ends in ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"):
        for end in permission.get(ends, ()):
            if described.get("Description"):
                end["Description"] = described["Description"]
    tags = sorted(described.get("Tags") or (), key=lambda each: str(each["Key"]))
    content = {"group": described["GroupId"], "permission": permission, "tags": tags}
    return json.dumps(content, sort_keys=True)


class _Maker:
    """Tells which other controller made a rule, and whether what it was for has gone."""

    def __init__(self, described: Json, group: Json, source: str, account: _Account) -> None:
        self.name, self.gone = "", False
        self.facts: tuple[str, ...] = ()
        said = described.get("Description", "")
        if said.startswith(_IN_TREE_RULE):
            self._in_tree(said, account)
        elif said.startswith(_LBC_RULE):
            self._controller(source, "its source group", account)
        elif _LBC_TAG in tags_of(group) or group["Description"] == _LBC_GROUP:
            self._controller(group["GroupId"], "its group", account)

    def _in_tree(self, said: str, account: _Account) -> None:
        name = said.partition("=")[2]
        self.name, self.gone = IN_TREE, name not in account.balancers
        there = (
            "there is no load balancer of that name" if self.gone else "that load balancer exists"
        )
        self.facts = (f"its description names the load balancer {name!r}", there)

    def _controller(self, group: str, what: str, account: _Account) -> None:
        self.name, self.gone = CONTROLLER, group not in account.worn
        worn = "no load balancer wears it" if self.gone else "a load balancer wears it"
        self.facts = (f"{what} is {group}", worn)
