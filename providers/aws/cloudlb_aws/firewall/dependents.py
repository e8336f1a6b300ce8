"""Security groups of controllers: which rules hold them, what wears them, and how one is put back.

A group can be deleted once nothing wears it and no rule of another group has it as its source; its own rules go with it,
and are deleted before it so that each of them was judged.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cloudlb.errors import Conflict
from cloudlb.firewall.made import OURS, Dependent, Origin
from cloudlb.firewall.rules import Rule
from cloudlb.plan.apply import unfenced
from cloudlb_aws import ownership
from cloudlb_aws.drivers.context import not_shown_yet
from cloudlb_aws.errors import is_duplicate
from cloudlb_aws.firewall.around import Surroundings
from cloudlb_aws.firewall.rule import origin_of_group
from cloudlb_aws.reading.security_group import by_name, tags_of
from cloudlb_aws.session import Api, Json

KIND = "security group"

_RESERVED = "aws:"
"""How tags begin that only AWS itself may set."""


def groups(around: Surroundings, rules: Sequence[Rule]) -> Iterator[Dependent]:
    """Yield the groups that a controller made, with the rules that hold them."""
    held = _rules_by_group(rules)
    read = frozenset(each.place for each in rules)
    for key in sorted({*around.makers, *around.ours}):
        yield _dependent(around.groups[key], held.get(key, ()), around, read)


def _rules_by_group(rules: Iterable[Rule]) -> Mapping[str, Sequence[Rule]]:
    """Index rules by the groups that they are in or come from."""
    held: dict[str, list[Rule]] = {}
    for each in rules:
        for group in {each.place, *each.sources}:
            held.setdefault(group, []).append(each)
    return held


def _dependent(
    group: Json, rules: Iterable[Rule], around: Surroundings, read: frozenset[str]
) -> Dependent:
    key, tags = group["GroupId"], tags_of(group)
    cluster = tags.get(ownership.CLUSTER, "")
    return Dependent(
        id=key,
        kind=KIND,
        place=around.landscape.vpc_id,
        place_name=group["GroupName"],
        description=group.get("Description", ""),
        origin=_origin(key, cluster, around),
        owner=ownership.owner_of(tags, cluster) if cluster else None,
        saved=_saved(group),
        rules=frozenset(each.id for each in rules),
        users=tuple(_users(key, around, read)),
    )


def _origin(key: str, cluster: str, around: Surroundings) -> Origin:
    if cluster:
        return Origin(maker=OURS, cluster=cluster)
    found = origin_of_group(key, around.makers[key], "it", around)
    return replace(found, facts=found.facts[1:])


def _users(key: str, around: Surroundings, read: frozenset[str]) -> Iterator[str]:
    """Yield what needs a group beside the rules that were read."""
    if key in around.dressed:
        yield "a load balancer"
    if interface := around.interfaces.get(key):
        yield interface
    for other, group in sorted(around.groups.items()):
        inbound = () if other in read else group.get("IpPermissions") or ()
        outbound = group.get("IpPermissionsEgress") or ()
        if other != key and any(_refers(each, key) for each in (*inbound, *outbound)):
            yield f"a rule of the security group {other}"


def _refers(permission: Json, group: str) -> bool:
    return any(pair.get("GroupId") == group for pair in permission.get("UserIdGroupPairs") or ())


def _saved(group: Json) -> str:
    """Return all that makes a group without its inbound rules, as text."""
    tags = {key: value for key, value in tags_of(group).items() if not key.startswith(_RESERVED)}
    content = {
        "name": group["GroupName"],
        "description": group.get("Description", ""),
        "vpc": group["VpcId"],
        "tags": dict(sorted(tags.items())),
        "egress": [_plain(each) for each in group.get("IpPermissionsEgress") or ()],
    }
    return json.dumps(content, sort_keys=True)


def _plain(permission: Json) -> dict[str, Any]:
    """Return a permission with what an Authorize call takes, and nothing that is empty."""
    return {key: value for key, value in sorted(permission.items()) if value not in ([], None)}


def put_back(ec2: Api, saved: str, moved: Mapping[str, str]) -> tuple[str, bool]:
    """Make a group again, or find the one of its name; return its id, and whether it was made."""
    found = json.loads(saved)
    tags = [{"Key": key, "Value": value} for key, value in found["tags"].items()]
    specification = [{"ResourceType": "security-group", "Tags": tags}] if tags else []
    try:
        reply = ec2.write(
            "CreateSecurityGroup",
            unfenced,
            GroupName=found["name"],
            Description=found["description"],
            VpcId=found["vpc"],
            TagSpecifications=specification,
        )
    except Conflict as error:
        if not is_duplicate(error):
            raise
        there = by_name(ec2, found["vpc"], found["name"])
        if there is None:
            raise not_shown_yet(f"security group {found['name']}", "CreateSecurityGroup") from error
        return str(there["GroupId"]), False
    group = str(reply["GroupId"])
    _egress(ec2, group, [moved_to(each, moved) for each in found["egress"]])
    return group, True


def _egress(ec2: Api, group: str, wanted: Sequence[Json]) -> None:
    """Bring the outbound rules of a new group to what they were: AWS lets everything out of it."""
    (there,) = ec2.call("DescribeSecurityGroups", GroupIds=[group])["SecurityGroups"]
    present = [_plain(each) for each in there.get("IpPermissionsEgress") or ()]
    surplus = [each for each in present if each not in wanted]
    missing = [each for each in wanted if each not in present]
    if surplus:
        ec2.write("RevokeSecurityGroupEgress", unfenced, GroupId=group, IpPermissions=surplus)
    if missing:
        ec2.write("AuthorizeSecurityGroupEgress", unfenced, GroupId=group, IpPermissions=missing)


def moved_to(permission: Json, moved: Mapping[str, str]) -> Json:
    """Return a permission whose groups are those that stand for the old ones now."""
    pairs = [
        {**pair, "GroupId": moved.get(pair["GroupId"], pair["GroupId"])}
        for pair in permission.get("UserIdGroupPairs") or ()
    ]
    return {**permission, **({"UserIdGroupPairs": pairs} if pairs else {})}
