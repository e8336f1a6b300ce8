"""An account as ten years of controllers and people have left it, around one live Service, with the verdict on each rule."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cloudlb.firewall.living import Living, Need
from cloudlb.firewall.removal import Tempo
from cloudlb.firewall.rules import Around, Rule
from cloudlb.firewall.verdicts import Court, Judged, JudgedDependent, Verdict
from cloudlb.model import Node
from cloudlb.provider import CloudSettings
from cloudlb.testing.laws.common import applied
from cloudlb.testing.manifests import service
from cloudlb.translate.nodes import EligibleNodes
from cloudlb_aws.emulator.examined import AwsWorld
from cloudlb_aws.firewall import connect

AT_ONCE = Tempo(sleep=lambda _seconds: None)
OFFICE = "198.51.100.0/24"
LBC = "elbv2.k8s.aws/targetGroupBinding=shared"
LBC_FRONT = "[k8s] Managed SecurityGroup for LoadBalancer"
LBC_BACK = "[k8s] Shared Backend SecurityGroup for LoadBalancer"
CLIENT = "kubernetes.io/rule/nlb/client="


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Mess:
    """What others made in an account where cloudlb works for the Service `default/kubia`; or not `filled` yet."""

    def __init__(self, world: AwsWorld, *, filled: bool = True) -> None:
        self.world = world
        self.ec2, self.elbv2 = world.emulator.client("ec2"), world.emulator.client("elbv2")
        self.process = applied(world, (service("kubia"),))
        self.cluster = self.process.cluster.cluster_id
        self.uid = self.process.cluster.get("Service", "default", "kubia").metadata.uid
        self.nodes = world.seeded.node_security_group
        self.firewall = connect(self._settings(), world.pace)
        self.expected: dict[str, Verdict] = {
            each["SecurityGroupRuleId"]: Verdict.LIVE for each in self.stored()
        }
        self.groups: dict[str, Verdict] = {}
        self._port = 31000
        if filled:
            self._ours()
            self._load_balancer_controller()
            self._cloud_provider()
            self._control_planes()
            self._people()

    def _settings(self) -> CloudSettings:
        emulator = self.world.emulator
        return CloudSettings(
            cluster=self.cluster,
            region=emulator.settings.region,
            endpoint_url=emulator.endpoint_url,
            network=self.world.seeded.vpc_id,
        )

    def _ours(self) -> None:
        self.rule(Verdict.ORPHAN, tags=self.marks("uid-gone", "gone"))
        self.rule(Verdict.ORPHAN, tags=self.marks("uid-before", "kubia"))
        self.rule(Verdict.FOREIGN, tags=self.marks("uid-x", "x", "cluster-2"))
        self.rule(Verdict.FOREIGN, tags=self.marks(self.uid, "kubia", "cluster-3"))
        self.rule(Verdict.UNKNOWN, tags={"cloudlb.io/cluster": self.cluster})
        opened = {**self.marks(self.uid, "kubia"), "cloudlb.io/direct": "true"}
        self.rule(Verdict.EXPIRED, tags={**opened, "cloudlb.io/expires": "2020-01-01T00:00:00Z"})
        self.rule(Verdict.LIVE, tags={**opened, "cloudlb.io/expires": "2999-01-01T00:00:00Z"})
        self.rule(Verdict.LIVE, tags=opened)
        mine = self.marks("uid-gone", "gone")
        group = self.group("clb-default-gone-0123456789", "cloudlb", mine, Verdict.ORPHAN)
        self.rule(Verdict.ORPHAN, group, tags=mine, cidr="0.0.0.0/0")
        theirs = self.marks("uid-x", "x", "cluster-2")
        self.group("clb-x-0123456789", "cloudlb", theirs, Verdict.FOREIGN)

    def _load_balancer_controller(self) -> None:
        kubia = {"elbv2.k8s.aws/cluster": self.world.seed.cluster}
        worn = self.group("k8s-traffic-kubia-1", LBC_BACK, kubia, Verdict.LIVE)
        self.balancer("theirs", worn)
        self.rule(Verdict.LIVE, said=LBC, sender=worn)
        bare = self.group("k8s-traffic-kubia-2", LBC_BACK, kubia, Verdict.LEFTOVER)
        self.rule(Verdict.LEFTOVER, said=LBC, sender=bare)
        # What lets clients in to a load balancer without groups: nothing on it tells which one.
        self.rule(Verdict.LIVE, said=LBC, cidr="0.0.0.0/0")
        self._front("kubia-aaaaaaaaaa", "default/kubia", Verdict.LIVE)
        self._front("kubia-bbbbbbbbbb", "default/kubia-2", Verdict.LEFTOVER)
        self._front("far-0000000000", "shop/far", Verdict.FOREIGN, cluster="far")
        self._front("serverless-00000", "shop/x", Verdict.FOREIGN, cluster="serverless")
        self._front("old-0000000000", "shop/old", Verdict.LEFTOVER, cluster="old")
        self._front("shop-1", "shop/web", Verdict.LIVE, kind="ingress")
        self._front("shop-2", "shop/gone", Verdict.LEFTOVER, kind="ingress")
        self._front("group-1", "storefront", Verdict.LIVE, kind="ingress")
        self._front("group-2", "warehouse", Verdict.LEFTOVER, kind="ingress")
        untagged = self.group("k8s-default-untagged", LBC_FRONT, {}, Verdict.LEFTOVER)
        self.rule(Verdict.LEFTOVER, untagged, cidr="0.0.0.0/0")

    def _front(
        self, name: str, stack: str, verdict: Verdict, *, cluster: str = "", kind: str = "service"
    ) -> None:
        """Leave a group that no load balancer wears, with the name of what it was for, and a rule in it."""
        tags = {
            "elbv2.k8s.aws/cluster": cluster or self.world.seed.cluster,
            f"{kind}.k8s.aws/stack": stack,
        }
        group = self.group(f"k8s-{name}", LBC_FRONT, tags, verdict)
        self.rule(verdict, group, cidr="0.0.0.0/0")

    def _cloud_provider(self) -> None:
        gone, alive = "a" + "f" * 31, "a" + self.uid.replace("-", "")[:31]
        self.balancer("a" + "e" * 31)
        self.rule(Verdict.LIVE, said=f"{CLIENT}a{'e' * 31}", cidr=OFFICE)
        self.rule(Verdict.LEFTOVER, said=f"{CLIENT}{gone}", cidr=OFFICE)
        self.rule(Verdict.LEFTOVER, said=f"{CLIENT.replace('client', 'health')}{gone}", cidr=OFFICE)
        self.rule(Verdict.LIVE, said=f"{CLIENT}{alive}", cidr=OFFICE)
        for name, stays, named in (
            ("a" + "1" * 31, True, "shop/web"),
            ("a" + "2" * 31, False, "shop/gone"),
            ("a" + "3" * 31, False, "default/kubia"),  # that was another Service of this name
            (alive, False, "shop/renamed"),
        ):
            verdict = Verdict.LIVE if stays or name == alive else Verdict.LEFTOVER
            tags = {f"kubernetes.io/cluster/{self.world.seed.cluster}": "owned"}
            said = f"Security group for Kubernetes ELB {name} ({named})"
            group = self.group(f"k8s-elb-{name}", said, tags, verdict)
            self.rule(verdict, group, cidr="0.0.0.0/0")
            self.rule(verdict, sender=group, protocol="-1")
            if stays:
                self.interface(group)

    def _control_planes(self) -> None:
        owned = {"kubernetes.io/cluster/ancient": "owned"}
        dead = self.group("eks-cluster-sg-ancient-12345", "EKS", owned, Verdict.LEFTOVER)
        self.rule(Verdict.LEFTOVER, dead, sender=dead, protocol="-1")
        plane = self.group("eks-cluster-sg-kubia-67890", "EKS", {}, Verdict.LIVE)
        self.rule(Verdict.LIVE, plane, sender=plane, protocol="-1")
        self.interface(plane)
        # A cluster without instances lives as long as its control plane does.
        plane = self.group("eks-cluster-sg-serverless-11111", "EKS", {}, Verdict.LIVE)
        self.interface(plane)
        self.instance("far")

    def _people(self) -> None:
        self.rule(Verdict.UNKNOWN, ports=(22, 22), cidr=OFFICE, said="ssh")
        self.rule(Verdict.UNKNOWN, ports=(22, 22), cidr="192.0.2.0/24", said="kubernetes.io/rule")
        self.rule(Verdict.UNKNOWN, cidr="192.0.2.0/24", said="kubernetes.io/rule/nlb/client=")
        self.rule(Verdict.UNKNOWN, ports=(32100, 32110), cidr=OFFICE)
        self.rule(Verdict.SHADOWED, ports=(32105, 32105), cidr="198.51.100.0/25")
        self.rule(Verdict.WIDE, ports=(32200, 32200), cidr="0.0.0.0/0")
        mine = self.group("k8s-by-hand", "[k8s] not quite", {})
        self.rule(Verdict.UNKNOWN, mine, cidr=OFFICE)

    def marks(self, uid: str, name: str, cluster: str = "") -> dict[str, str]:
        return {
            "cloudlb.io/cluster": cluster or self.cluster,
            "cloudlb.io/owner": f"service/default/{name}",
            "cloudlb.io/owner-uid": uid,
            "cloudlb.io/resource": "node-rules/x",
        }

    def group(
        self, name: str, said: str, tags: dict[str, str], verdict: Verdict | None = None
    ) -> str:
        specification = [{"ResourceType": "security-group", "Tags": tag_list(tags)}]
        made: str = self.ec2.create_security_group(
            GroupName=name,
            Description=said,
            VpcId=self.world.seeded.vpc_id,
            **({"TagSpecifications": specification} if tags else {}),
        )["GroupId"]
        if verdict is not None:
            self.groups[made] = verdict
        return made

    def rule(
        self,
        verdict: Verdict,
        group: str = "",
        *,
        ports: tuple[int, int] | None = None,
        said: str = "",
        tags: dict[str, str] | None = None,
        **source: str,
    ) -> str:
        """Authorise one rule: by default on the nodes' group, for a port of its own, from the office."""
        self._port += 1
        low, high = ports or (self._port, self._port)
        described = {"Description": said} if said else {}
        end: dict[str, Any] = (
            {"UserIdGroupPairs": [{"GroupId": source["sender"], **described}]}
            if "sender" in source
            else {"IpRanges": [{"CidrIp": source.get("cidr", OFFICE), **described}]}
        )
        protocol = source.get("protocol", "tcp")
        permission = {"IpProtocol": protocol, **end}
        if protocol != "-1":
            permission |= {"FromPort": low, "ToPort": high}
        specification = [{"ResourceType": "security-group-rule", "Tags": tag_list(tags or {})}]
        made = self.ec2.authorize_security_group_ingress(
            GroupId=group or self.nodes,
            IpPermissions=[permission],
            **({"TagSpecifications": specification} if tags else {}),
        )
        found: str = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        self.expected[found] = verdict
        return found

    def balancer(self, name: str, *groups: str) -> None:
        self.elbv2.create_load_balancer(
            Name=name,
            Type="network",
            Scheme="internal",
            Subnets=[self.world.seeded.private_subnets[0]],
            **({"SecurityGroups": list(groups)} if groups else {}),
        )

    def interface(self, group: str) -> None:
        """Let something wear a group that is no load balancer of today: a Classic one, a control plane."""
        subnet = self.world.seeded.private_subnets[0]
        self.ec2.create_network_interface(SubnetId=subnet, Groups=[group])

    def instance(self, cluster: str) -> Node:
        """Run an instance of another cluster."""
        made = self.ec2.run_instances(
            ImageId="ami-emulated",
            MinCount=1,
            MaxCount=1,
            SubnetId=self.world.seeded.private_subnets[0],
            TagSpecifications=[
                {
                    "ResourceType": "instance",
                    "Tags": tag_list({f"kubernetes.io/cluster/{cluster}": "owned"}),
                }
            ],
        )["Instances"][0]["InstanceId"]
        self.far_nodes = (Node(name=made, provider_id=f"aws:///eu-west-1a/{made}"),)
        return self.far_nodes[0]

    def stored(self) -> list[dict[str, Any]]:
        """Return all inbound rules, sorted by id."""
        pages = self.ec2.get_paginator("describe_security_group_rules").paginate()
        found = [each for page in pages for each in page["SecurityGroupRules"]]
        inbound = [each for each in found if not each["IsEgress"]]
        return sorted(inbound, key=lambda each: str(each["SecurityGroupRuleId"]))

    def alive(self) -> Living:
        paths = {
            "service/default/kubia": self.uid,
            "ingress/shop/web": "uid-web",
            "group/storefront": "",
        }
        return Living(
            cluster=self.cluster,
            owned={self.uid: "service/default/kubia"},
            uids=paths,
            needs=tuple(
                Need("service/default/kubia", "TCP", port, owned=True) for port in self._ports()
            ),
        )

    def _ports(self) -> list[int]:
        found = self.process.cluster.get("Service", "default", "kubia")
        return [*(each.node_port for each in found.spec.ports), 10256]

    def rules(self, further: Sequence[Node] = ()) -> Sequence[Rule]:
        nodes = EligibleNodes(self.process.cluster.nodes()).select(())
        return self.firewall.rules(Around(nodes=nodes, further=further, everything=True))

    def judged(self, further: Sequence[Node] = ()) -> dict[str, Judged]:
        court = Court(self.alive(), datetime.now(UTC) + timedelta(hours=2))
        return {each.rule.id: each for each in court.rules(self.rules(further))}

    def judged_dependents(self) -> dict[str, JudgedDependent]:
        court = Court(self.alive(), datetime.now(UTC))
        found = court.dependents(self.firewall.dependents(self.rules()))
        return {each.dependent.id: each for each in found}
