"""Which other controller made a security group, and for what: told by its name, description and tags.

| maker                        | recognised by                                                            |
|------------------------------|--------------------------------------------------------------------------|
| AWS Load Balancer Controller | the tag `elbv2.k8s.aws/cluster`, or `[k8s] Managed SecurityGroup …`       |
| cloud-provider-aws           | the name `k8s-elb-NAME` of a Classic Load Balancer's group                |
| EKS                          | the name `eks-cluster-sg-NAME-…` of a control plane's group               |

Sources: aws.md 2A.2 and 2A.5; kubernetes/cloud-provider-aws, buildELBSecurityGroupList; the EKS user guide, "View
Amazon EKS security group requirements for clusters".
"""

import re
from dataclasses import dataclass

from cloudlb_aws.landscape import CLUSTER_TAG
from cloudlb_aws.reading.security_group import tags_of
from cloudlb_aws.session import Json

CONTROLLER = "AWS Load Balancer Controller"
IN_TREE = "cloud-provider-aws"
EKS = "EKS"

_LBC_CLUSTER = "elbv2.k8s.aws/cluster"
_LBC_GROUP = "[k8s] Managed SecurityGroup for LoadBalancer"
_LBC_STACKS = {"service.k8s.aws/stack": "service", "ingress.k8s.aws/stack": "ingress"}
_CLASSIC = re.compile(r"k8s-elb-(?P<balancer>.+)")
_CLASSIC_SAYS = re.compile(
    r"Security group for Kubernetes ELB \S+ \((?P<service>[^()/]+/[^()/]+)\)"
)
_CONTROL_PLANE = re.compile(r"eks-cluster-sg-(?P<cluster>.+)-\d+")
_BALANCER = re.compile(r"a(?P<uid>[0-9a-f]{31})")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMaker:
    """Who made a group: `cluster` is the name of the cluster, `named` and `uid` tell the object, as far as they are told."""

    name: str
    cluster: str = ""
    named: str = ""
    uid: str = ""


def maker_of(group: Json) -> GroupMaker | None:
    """Tell which other controller made a group; None where nothing says so."""
    tags, name = tags_of(group), str(group["GroupName"])
    if _LBC_CLUSTER in tags or group.get("Description") == _LBC_GROUP:
        return GroupMaker(
            name=CONTROLLER, cluster=tags.get(_LBC_CLUSTER, ""), named=_stack_of(tags)
        )
    tagged = next((key for key in sorted(tags) if key.startswith(CLUSTER_TAG)), "")
    if classic := _CLASSIC.fullmatch(name):
        said = _CLASSIC_SAYS.fullmatch(str(group.get("Description", "")))
        return GroupMaker(
            name=IN_TREE,
            cluster=tagged.removeprefix(CLUSTER_TAG),
            named=f"service/{said['service']}" if said else "",
            uid=uid_of_balancer(classic["balancer"]),
        )
    if plane := _CONTROL_PLANE.fullmatch(name):
        return GroupMaker(name=EKS, cluster=plane["cluster"])
    return None


def uid_of_balancer(name: str) -> str:
    """Return what the name of a load balancer of cloud-provider-aws has of its Service's UID; empty if it has none."""
    found = _BALANCER.fullmatch(name)
    return found["uid"] if found else ""


def _stack_of(tags: dict[str, str]) -> str:
    """Return what a group was made for: `service/ns/name`, `ingress/ns/name`, or `group/name` of several Ingresses."""
    for key, kind in _LBC_STACKS.items():
        stack = tags.get(key, "")
        if stack:
            return f"{kind}/{stack}" if "/" in stack else f"group/{stack}"
    return ""
