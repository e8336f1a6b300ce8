"""A project as ten years of controllers and people have left it, around one live Service, with the verdict on each rule."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud import compute_v1

from cloudlb.firewall.living import Living, Need
from cloudlb.firewall.removal import Tempo
from cloudlb.firewall.rules import Around, Rule
from cloudlb.firewall.verdicts import Court, Judged, JudgedDependent, Verdict
from cloudlb.model import Node, Owner, OwnerKind
from cloudlb.plan.resource import Key
from cloudlb.provider import CloudSettings
from cloudlb.testing.laws.common import applied
from cloudlb.testing.manifests import service
from cloudlb.translate.nodes import EligibleNodes
from cloudlb_gcp import ownership
from cloudlb_gcp.emulator.seed import NodeSeed
from cloudlb_gcp.firewall import connect
from cloudlb_gcp.firewall.cloud import GcpFirewall

NODES = {"target_tags": ["gke-kubia-pool"]}
DEAD_TAG = {"target_tags": ["gke-old-1a2b3c4d-node"]}
FAR_TAG = {"target_tags": ["gke-far-5e6f7a8b-node"]}
FAR = "k8s-fw-abcdef0123456789abcdef0123456789"
"""A rule of the cluster `far`: its nodes live, its load balancer has gone."""
EVERYBODY = ["0.0.0.0/0"]
AT_ONCE = Tempo(sleep=lambda _seconds: None)


def marked(uid: str, name: str, cluster: str, **more: str) -> str:
    owner = Owner(cluster=cluster, kind=OwnerKind.SERVICE, namespace="default", name=name, uid=uid)
    marks = json.loads(ownership.description(owner, Key("firewall/ipv4")))
    return json.dumps({**marks, **more})


def by_incumbent(service_name: str, address: str = "") -> str:
    said = {"kubernetes.io/service-name": service_name}
    return json.dumps(said | ({"kubernetes.io/service-ip": address} if address else {}))


class Mess:
    """A project as ten years of controllers and people have left it, around one live Service; or not `filled` yet."""

    def __init__(self, world, *, filled: bool = True) -> None:
        self.world = world
        self.process = applied(world, (service("kubia"),))
        (self.address,) = self.process.addresses()["kubia"]
        self.cluster = self.process.cluster.cluster_id
        self.uid = self.process.cluster.get("Service", "default", "kubia").metadata.uid
        self.firewall: GcpFirewall = connect(self._settings(), world.pace)
        self.far_nodes = (self._far_node(),)
        self.expected: dict[str, Verdict] = {}
        if filled:
            self._fill()

    def _fill(self) -> None:
        alias = f"{self.address}/32"
        uid = "f" * 31
        # Ours, and not ours any more.
        self._plant("gone", Verdict.ORPHAN, description=marked("uid-gone", "gone", self.cluster))
        self._plant("again", Verdict.ORPHAN, description=marked("uid-old", "kubia", self.cluster))
        self._plant("theirs", Verdict.FOREIGN, description=marked("uid-x", "x", "cluster-2"))
        self._plant("third", Verdict.FOREIGN, description=marked("uid-x", "x", "cluster-3"))
        self._plant(
            "half", Verdict.UNKNOWN, description=json.dumps({"cloudlb.io/cluster": self.cluster})
        )
        # cloud-provider-gcp.
        self._plant(
            f"k8s-fw-a{uid}",
            Verdict.LEFTOVER,
            description=by_incumbent("shop/old", "192.0.2.1"),
            destination_ranges=["192.0.2.1/32"],
        )
        self._plant(
            f"k8s-fw-a{uid[:-1]}e", Verdict.LEFTOVER, description=by_incumbent("shop/ancient")
        )
        self._plant(
            f"k8s-fw-a{uid[:-1]}d",
            Verdict.LEFTOVER,  # Its Service was made anew under the same name: the name has another uid.
            description=by_incumbent("default/kubia", "192.0.2.9"),
            destination_ranges=["192.0.2.9/32"],
        )
        self._plant(
            f"k8s-fw-a{self.uid.replace('-', '')[:31]}",
            Verdict.LIVE,  # Its forwarding rule has gone, the Service of that uid has not.
            description=by_incumbent("shop/renamed", "192.0.2.9"),
            destination_ranges=["192.0.2.9/32"],
        )
        self._plant(
            FAR,
            Verdict.FOREIGN,
            description=by_incumbent("shop/far", "192.0.2.8"),
            destination_ranges=["192.0.2.8/32"],
            **FAR_TAG,
        )
        self._plant(
            f"k8s-fw-a{uid[:-1]}b",
            Verdict.LIVE,  # Nothing tells of which cluster it is.
            description=by_incumbent("shop/nowhere", "192.0.2.7"),
            destination_ranges=["192.0.2.7/32"],
            target_tags=[],
        )
        self._plant(
            f"k8s-fw-a{uid[:-1]}c",
            Verdict.LIVE,
            description=by_incumbent("other/served"),
            destination_ranges=[alias],
        )
        self._plant(
            "k8s-0123456789abcdef-node-http-hc",
            Verdict.LEFTOVER,
            description='{"kubernetes.io/cluster-id":"0123456789abcdef"}',
            **DEAD_TAG,
        )
        self._plant(
            "k8s-fedcba9876543210-node-http-hc",
            Verdict.LIVE,
            description='{"kubernetes.io/cluster-id":"fedcba9876543210"}',
            **NODES,
        )
        # ingress-gce.
        networking = json.dumps(
            {"networking.gke.io/service-name": "shop/gone", "networking.gke.io/api-version": "ga"}
        )
        self._plant(
            "k8s2-7kpbhpki-shop-gone-956p2p7x",
            Verdict.LEFTOVER,
            description=networking,
            destination_ranges=["192.0.2.3/32"],
        )
        self._plant(
            "k8s2-7kpbhpki-default-kubia-956p2p7x",
            Verdict.LIVE,  # Its address has gone, and its Service lives: the controller may be at work.
            description=networking.replace("shop/gone", "default/kubia"),
            destination_ranges=["192.0.2.4/32"],
        )
        # Names of 63 characters, cut and told apart by their hashes only.
        cut = "k8s2-7kpbhpki-a-very-long-namespace-a-very-long-servic"
        self._plant(
            f"{cut}-aaaaaaaa",
            Verdict.LIVE,
            description=networking.replace(
                "shop/gone", "a-very-long-namespace/a-very-long-service-1"
            ),
            destination_ranges=[alias],
        )
        self._plant(
            f"{cut}-bbbbbbbb",
            Verdict.LEFTOVER,
            description=networking.replace(
                "shop/gone", "a-very-long-namespace/a-very-long-service-2"
            ),
            destination_ranges=["192.0.2.5/32"],
        )
        self._plant(
            "k8s2-7kpbhpki-l4-shared-hc-fw",
            Verdict.LIVE,
            description=networking.replace("shop/gone", ""),
            **NODES,
        )
        self._plant(
            "k8s2-aaaaaaaa-l4-shared-hc-fw",
            Verdict.LEFTOVER,
            description=networking.replace("shop/gone", ""),
            **DEAD_TAG,
        )
        self._plant(
            "k8s-fw-l7--0123456789abcdef",
            Verdict.LEFTOVER,
            description="GCE L7 firewall rule",
            **DEAD_TAG,
        )
        # GKE.
        self._plant("gke-old-1a2b3c4d-ssh", Verdict.LEFTOVER, **DEAD_TAG)
        self._plant(
            "gke-old-1a2b3c4d-all",
            Verdict.LEFTOVER,
            allowed=["all"],
            sources=["10.8.0.0/14"],
            **DEAD_TAG,
        )
        self._plant("gke-kubia-vms", Verdict.LIVE, **NODES)
        # People's, with names and descriptions that look like something else.
        self._plant("gke-notes", Verdict.UNKNOWN, sources=["192.0.2.0/24"], target_tags=["notes"])
        self._plant("k8s-fw-mine", Verdict.UNKNOWN, sources=["192.0.2.0/24"], target_tags=["mine"])
        self._plant(
            "clb-by-hand",
            Verdict.UNKNOWN,
            sources=["192.0.2.0/24"],
            description="{not json",
            target_tags=["x"],
        )
        for name, said in (
            ("listed", '["kubernetes.io/service-name"]'),
            ("counted", "7"),
            ("cut-off", '{"'),
        ):
            self._plant(
                name, Verdict.UNKNOWN, description=said, sources=["192.0.2.0/24"], target_tags=["y"]
            )
        self._plant(
            "office", Verdict.UNKNOWN, allowed=["tcp:22"], sources=["192.0.2.0/24"], **NODES
        )
        self._plant(
            "office-one", Verdict.SHADOWED, allowed=["tcp:22"], sources=["192.0.2.7/32"], **NODES
        )
        self._plant(
            "office-off",
            Verdict.UNKNOWN,
            allowed=["tcp:22"],
            sources=["192.0.2.7/32"],
            disabled=True,
            **NODES,
        )
        self._plant("open", Verdict.WIDE, allowed=["tcp:30000-32767"], **NODES)
        # Made for a while.
        mine = {"cloudlb.io/cluster": self.cluster}
        self._plant(
            "debug",
            Verdict.EXPIRED,
            description=json.dumps({**mine, "cloudlb.io/expires": "2020-01-01T00:00:00Z"}),
            **NODES,
        )
        self._plant(
            "debug-on",
            Verdict.LIVE,
            description=json.dumps({**mine, "cloudlb.io/expires": "2999-01-01T00:00:00Z"}),
            **NODES,
        )
        for each in self.world.stored("firewalls", "service/default/kubia") + self.world.stored(
            "firewalls", "cluster/shared"
        ):
            if each["name"] not in self.expected:
                self.expected[each["name"]] = Verdict.LIVE

    def _settings(self) -> CloudSettings:
        emulator = self.world.emulator
        return CloudSettings(
            cluster=self.cluster,
            region=emulator.settings.region,
            endpoint_url=emulator.endpoint_url,
        )

    def _plant(
        self,
        name: str,
        verdict: Verdict,
        *,
        allowed=("tcp:8080",),
        sources=EVERYBODY,
        **fields: Any,
    ) -> None:
        self.expected[name] = verdict
        fields.setdefault("target_tags", ["gke-kubia-pool"])
        self.world.plant_firewall(name, allowed, sources, **fields)

    def _far_node(self) -> Node:
        seed = NodeSeed(name="gke-far-5e6f7a8b-x1", zone="b", tags=("gke-far-5e6f7a8b-node",))
        return Node(name=seed.name, provider_id=self.world.emulator.add_node(seed))

    def plant_checks(self) -> dict[str, Verdict]:
        """Leave health checks and a backend service, of known makers and of nobody; return the verdicts."""
        uid = "f" * 31
        gone = marked("uid-gone", "gone", self.cluster)
        services = {
            f"a{uid}": f"a{uid}",
            f"a{uid[:-1]}c": f"a{uid[:-1]}c",
        }
        checks = {
            "clb-default-gone-hc": gone,
            "clb-elsewhere-hc": marked("uid-x", "x", "cluster-2"),
            "by-hand": "",
            f"a{uid}": by_incumbent("shop/old"),
            f"a{uid[:-1]}c": by_incumbent("other/served"),
            "k8s2-aaaaaaaa-l4-shared-hc": "{}",
        }
        for name, description in checks.items():
            self._check(name, description)
        for name, check in services.items():
            self._service(name, check)
        region = f"regions/{self.world.seeded.region}"
        return {
            f"{region}/healthChecks/clb-default-gone-hc": Verdict.ORPHAN,
            f"{region}/healthChecks/clb-elsewhere-hc": Verdict.FOREIGN,
            f"{region}/healthChecks/a{uid}": Verdict.LEFTOVER,
            f"{region}/healthChecks/a{uid[:-1]}c": Verdict.LIVE,
            f"{region}/healthChecks/k8s2-aaaaaaaa-l4-shared-hc": Verdict.LEFTOVER,
            f"{region}/backendServices/a{uid}": Verdict.LEFTOVER,
            f"{region}/backendServices/a{uid[:-1]}c": Verdict.LIVE,
        }

    def _check(self, name: str, description: str) -> None:
        probe = compute_v1.HTTPHealthCheck(port=10256, request_path="/healthz")
        body = compute_v1.HealthCheck(
            name=name, description=description, type_="HTTP", http_health_check=probe
        )
        self.world.made(
            compute_v1.RegionHealthChecksClient,
            region=self.world.seeded.region,
            health_check_resource=body,
        )

    def _service(self, name: str, check: str) -> None:
        region = self.world.seeded.region
        path = f"projects/{self.world.seeded.project}/regions/{region}/healthChecks/{check}"
        body = compute_v1.BackendService(
            name=name, load_balancing_scheme="EXTERNAL", protocol="TCP", health_checks=[path]
        )
        self.world.made(
            compute_v1.RegionBackendServicesClient, region=region, backend_service_resource=body
        )

    def alive(self) -> Living:
        health = Need("service/default/kubia", "TCP", 10256, owned=True)
        return Living(
            cluster=self.cluster,
            owned={self.uid: "service/default/kubia"},
            uids={"service/default/kubia": self.uid},
            needs=(health,),
        )

    def rules(self, further: Sequence[Node] = ()) -> Sequence[Rule]:
        nodes = EligibleNodes(self.process.cluster.nodes()).select(())
        return self.firewall.rules(Around(nodes=nodes, further=further, everything=True))

    def judged(
        self, later: timedelta = timedelta(hours=2), further: Sequence[Node] = ()
    ) -> dict[str, Judged]:
        """Judge all rules, by default so late that none is young any more."""
        court = Court(self.alive(), datetime.now(UTC) + later)
        return {each.rule.id: each for each in court.rules(self.rules(further))}

    def judged_dependents(self) -> dict[str, JudgedDependent]:
        """Judge what goes with the rules."""
        court = Court(self.alive(), datetime.now(UTC) + timedelta(hours=2))
        found = court.dependents(self.firewall.dependents(self.rules()))
        return {each.dependent.id: each for each in found}
