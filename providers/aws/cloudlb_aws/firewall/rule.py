"""One inbound rule as EC2 describes it, in the terms of `cloudlb firewall`, with what tells who made it.

| maker                        | recognised by                                            | gone when                         |
|------------------------------|----------------------------------------------------------|-----------------------------------|
| cloudlb                      | the rule's own tags                                      | (told by its owner)               |
| AWS Load Balancer Controller | `elbv2.k8s.aws/…` as description                         | nothing wears its source group    |
| cloud-provider-aws           | `kubernetes.io/rule/nlb/…=NAME` as description           | there is no load balancer NAME    |
| another controller's group   | that group is the rule's own, or its source (`groups.py`) | nothing wears that group          |

Sources: aws.md 2A.5 and 2A.6.
"""

import json
import re
from datetime import UTC, datetime

from cloudlb.firewall.made import NOBODY, OURS, Origin
from cloudlb.firewall.rules import Opening, Rule
from cloudlb_aws import ownership
from cloudlb_aws.firewall.around import Surroundings
from cloudlb_aws.firewall.groups import CONTROLLER, EKS, IN_TREE, GroupMaker, uid_of_balancer
from cloudlb_aws.reading import rules as reading
from cloudlb_aws.reading.security_group import tags_of
from cloudlb_aws.resources.ingress_rules import IngressRule
from cloudlb_aws.session import Json

_LBC_RULE = "elbv2.k8s.aws/"
_GROUP = "sg-"
_IN_TREE_RULE = re.compile(r"kubernetes\.io/rule/nlb/(?:client|health|mtu)=(?P<balancer>.+)")


def rule_of(described: Json, around: Surroundings) -> Rule:
    """Normalise a rule of DescribeSecurityGroupRules."""
    plain = reading.rule_of(described)
    group = around.groups[described["GroupId"]]
    tags = tags_of(described)
    cluster = tags.get(ownership.CLUSTER, "")
    origin = Origin(maker=OURS, cluster=cluster) if cluster else _origin(described, plain, around)
    protocol = "all" if plain.protocol == "-1" else plain.protocol
    return Rule(
        id=described["SecurityGroupRuleId"],
        place=described["GroupId"],
        place_name=group["GroupName"],
        openings=(Opening(protocol, plain.from_port, plain.to_port),),
        sources=(plain.source,),
        description=described.get("Description", ""),
        origin=origin,
        owner=ownership.owner_of(tags, cluster) if cluster else None,
        direct=ownership.DIRECT in tags,
        expires=_time(tags.get(ownership.EXPIRES, "")),
        saved=_saved(described),
    )


def origin_of_group(group: str, maker: GroupMaker, what: str, around: Surroundings) -> Origin:
    """Say what is known of a group that another controller made, and so of the rules in it or from it."""
    worn = around.is_worn(group)
    far = maker.cluster and not around.is_home(maker.cluster)
    read = bool(far) and around.was_read(maker.cluster)
    lives = bool(far) and not worn and not read and around.may_live(maker.cluster)
    made_for = [f"it was made for the cluster {maker.cluster}"] if far else []
    return Origin(
        maker=maker.name,
        cluster=maker.cluster if read else "",
        named=maker.named,
        uid=maker.uid,
        elsewhere=f"the cluster {maker.cluster}" if lives else "",
        gone=not worn,
        facts=(f"{what} is {group}", worn or "nothing wears it", *made_for),
    )


def _origin(described: Json, plain: IngressRule, around: Surroundings) -> Origin:
    said, makers = described.get("Description", ""), around.makers
    if in_tree := _IN_TREE_RULE.fullmatch(said):
        return _of_balancer(in_tree["balancer"], around)
    source, group = plain.source, described["GroupId"]
    if group in makers:
        return origin_of_group(group, makers[group], "its group", around)
    if said.startswith(_LBC_RULE) and not source.startswith(_GROUP):
        facts = ("its source is no security group: nothing is concluded from that",)
        return Origin(maker=CONTROLLER, facts=facts)
    if said.startswith(_LBC_RULE):
        maker = makers.get(source) or GroupMaker(name=CONTROLLER)
        return origin_of_group(source, maker, "its source group", around)
    if source in makers and makers[source].name in (IN_TREE, EKS):
        return origin_of_group(source, makers[source], "its source group", around)
    return NOBODY


def _of_balancer(name: str, around: Surroundings) -> Origin:
    gone = name not in around.balancers
    there = "there is no load balancer of that name" if gone else "that load balancer exists"
    return Origin(
        maker=IN_TREE,
        uid=uid_of_balancer(name),
        gone=gone,
        facts=(f"its description names the load balancer {name!r}", there),
    )


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


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
