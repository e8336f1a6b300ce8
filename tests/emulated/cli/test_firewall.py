"""`cloudlb firewall` in an account with the remains of several controllers: the verdict on each, and nothing changed."""

import csv
import io
import json
from typing import Any

import boto3
import pytest

from .conftest import edit


class Mess:
    """The account as other programs and people left it."""

    def __init__(self, cloud) -> None:
        self._ec2 = boto3.client("ec2", endpoint_url=cloud.endpoint_url, region_name=cloud.region)
        self._elbv2 = boto3.client(
            "elbv2", endpoint_url=cloud.endpoint_url, region_name=cloud.region
        )
        (group,) = [
            each
            for each in self._ec2.describe_security_groups()["SecurityGroups"]
            if each["GroupName"].endswith("-nodes")
        ]
        self.nodes, self.vpc = group["GroupId"], group["VpcId"]

    def group(self, name: str, description: str, **tags: str) -> str:
        made = self._ec2.create_security_group(
            GroupName=name,
            Description=description,
            VpcId=self.vpc,
            TagSpecifications=[
                {
                    "ResourceType": "security-group",
                    "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                }
            ],
        )
        return made["GroupId"]

    def rule(self, group: str, low: int, high: int, description: str = "", **source: Any) -> str:
        if "sender" in source:
            end = {"UserIdGroupPairs": [{"GroupId": source["sender"], "Description": description}]}
        else:
            end = {"IpRanges": [{"CidrIp": source["cidr"], "Description": description}]}
        permission = {"IpProtocol": "tcp", "FromPort": low, "ToPort": high, **end}
        made = self._ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
        return made["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def balancer(self, name: str, *groups: str) -> None:
        subnets = [
            each for each in self._ec2.describe_subnets()["Subnets"] if each["VpcId"] == self.vpc
        ]
        self._elbv2.create_load_balancer(
            Name=name,
            Type="network",
            Scheme="internal",
            Subnets=[subnets[0]["SubnetId"]],
            SecurityGroups=list(groups),
        )

    def rules(self) -> list[dict[str, Any]]:
        found = self._ec2.describe_security_group_rules()["SecurityGroupRules"]
        return sorted(found, key=lambda each: each["SecurityGroupRuleId"])


@pytest.fixture
def mess(cloud) -> Mess:
    return Mess(cloud)


def _verdicts(result) -> dict[str, str]:
    return {each["rule"]: each["verdict"] for each in json.loads(result.stdout)["rules"]}


def test_every_kind_of_rule_gets_its_verdict_and_nothing_is_changed(cli, cloud, kubia, mess):
    cli("apply", "-f", kubia, "--yes")
    lbc = {"elbv2.k8s.aws/cluster": "kubia"}
    worn = mess.group("k8s-traffic-a", "[k8s] Shared Backend SecurityGroup for LoadBalancer", **lbc)
    bare = mess.group("k8s-traffic-b", "[k8s] Shared Backend SecurityGroup for LoadBalancer", **lbc)
    mess.balancer("theirs", worn)
    label = "elbv2.k8s.aws/targetGroupBinding=shared"
    expected = {
        mess.rule(mess.nodes, 31001, 31001, label, sender=worn): "live",
        mess.rule(mess.nodes, 31002, 31002, label, sender=bare): "leftover",
        mess.rule(
            mess.nodes, 31003, 31003, "kubernetes.io/rule/nlb/client=theirs", cidr="192.0.2.0/24"
        ): "live",
        mess.rule(
            mess.nodes, 31004, 31004, "kubernetes.io/rule/nlb/client=a123", cidr="192.0.2.0/24"
        ): "leftover",
        mess.rule(mess.nodes, 31005, 31005, cidr="0.0.0.0/0"): "wide",
        mess.rule(
            mess.nodes,
            22,
            22,
            "ssh",
            cidr="198.51.100.0/24",
        ): "unknown",
        mess.rule(mess.nodes, 31006, 31010, cidr="198.51.100.0/24"): "unknown",
        mess.rule(mess.nodes, 31007, 31007, cidr="198.51.100.0/25"): "shadowed",
    }
    before = mess.rules()
    mark = cloud.recorder.mark()
    found = _verdicts(cli("firewall", "list", "-f", kubia, "-o", "json"))
    assert expected.items() <= found.items()
    ours = {rule: verdict for rule, verdict in found.items() if rule not in expected}
    assert sorted(ours.values()) == ["live"] * 5
    assert mess.rules() == before
    assert not any(call.write for call in cloud.recorder.since(mark))


def test_a_service_that_has_gone_leaves_orphans_and_one_that_was_made_anew_too(cli, cloud, kubia):
    cli("apply", "-f", kubia, "--yes")
    (kubia / "09-loadbalancer-local.yaml").unlink()
    edit(kubia / "08-loadbalancer.yaml", ("metadata:\n", "metadata:\n  uid: 0-0-0-1\n"))
    rules = json.loads(cli("firewall", "list", "-f", kubia, "-o", "json").stdout)["rules"]
    orphans = [each for each in rules if each["verdict"] == "orphan"]
    facts = " ".join(fact for each in orphans for fact in each["facts"])
    assert "no Service of that name exists" in facts
    assert "another one (uid 0-0-0-1)" in facts


def test_another_clusters_rules_are_foreign(cli, cloud, kubia):
    cli("apply", "-f", kubia, "--yes")
    edit(kubia / "01-nodes.yaml", ("uid: 0b5e9a3c", "uid: 1b5e9a3c"))
    found = _verdicts(cli("firewall", "list", "-f", kubia, "-o", "json"))
    assert set(found.values()) == {"foreign"}


def test_the_table_has_totals_and_why_tells_the_facts(cli, cloud, kubia):
    cli("apply", "-f", kubia, "--yes")
    shown = cli("firewall", "list", "-f", kubia)
    assert "Judged by these manifests" in shown.stderr
    totals = shown.stdout.splitlines()
    assert "5 rules: 5 live." in totals
    assert " of 60 rules of security group " in totals[-1]
    rule = shown.stdout.splitlines()[2].split()[0]
    told = cli("firewall", "list", "-f", kubia, "--why", rule).stdout
    assert told.startswith(f"{rule}: live\n")
    assert "exists, and cloudlb works for it" in told


def test_csv_has_a_line_a_rule(cli, cloud, kubia):
    cli("apply", "-f", kubia, "--yes")
    rows = list(
        csv.DictReader(io.StringIO(cli("firewall", "list", "-f", kubia, "-o", "csv").stdout))
    )
    assert len(rows) == 5
    assert {each["verdict"] for each in rows} == {"live"}


def test_a_rule_that_is_not_there_is_said(cli, cloud, kubia):
    result = cli("firewall", "list", "-f", kubia, "--why", "sgr-none")
    assert result.exit_code == 1
    assert "there is no rule sgr-none" in result.stderr


def test_many_rules_are_listed_whole(cli, cloud, kubia, mess):
    for number in range(250):
        group = mess.group(f"k8s-default-x{number}", "[k8s] Managed SecurityGroup for LoadBalancer")
        mess.rule(group, 80, 80, cidr="0.0.0.0/0")
    found = _verdicts(cli("firewall", "list", "-f", kubia, "-o", "json"))
    assert sorted(found.values()) == ["leftover"] * 250


def test_urls_have_external_addresses_first(cli, cloud, kubia):
    lines = cli("firewall", "urls", "kubia-nodeport", "-f", kubia).stdout.split()
    assert lines[0] == "http://203.0.113.11:30123"
    assert lines[3] == "http://10.0.48.11:30123"
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("service", "words"),
    [("kubia", "has no node port"), ("nowhere/x", "there is no Service nowhere/x")],
)
def test_a_service_without_node_ports_is_said(cli, kubia, service, words):
    result = cli("firewall", "urls", service, "-f", kubia)
    assert result.exit_code == 1
    assert words in result.stderr
