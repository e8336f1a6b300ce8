"""`cloudlb firewall prune` and `restore` on a real cluster: the rules of trust, one by one."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from cloudlb.cli.main import app
from cloudlb.kube.live import FINALIZER
from cloudlb.testing.faults import Fault, FaultKind
from cloudlb.testing.manifests import port, service
from cloudlb_aws.emulator.seed import DEFAULT_CLUSTER

from .bed import until

LBC = "elbv2.k8s.aws/targetGroupBinding=shared"


@pytest.fixture
def cli(bed, monkeypatch, tmp_path):
    """The command line of an administrator, in an empty folder."""
    monkeypatch.setenv("KUBECONFIG", str(bed.server.kubeconfig()))
    monkeypatch.setenv("NO_COLOR", "1")
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return lambda *arguments: CliRunner().invoke(app, ["firewall", *arguments])


@pytest.fixture
def orphaned(bed):
    """A Service that is served, and the rules of one whose finalizer was taken while nobody watched."""
    controller = bed.controller().wait_ready()
    bed.service()
    bed.service("gone")
    bed.programmed()
    bed.programmed("gone")
    controller.kill()
    bed.patch("gone", {"metadata": {"finalizers": None}})
    bed.delete("gone")
    bed.gone("gone")


def _rules(bed) -> list[dict]:
    """Return all inbound rules, without what is new when one is put back."""
    rules = [
        {
            key: value
            for key, value in each.items()
            if key not in ("SecurityGroupRuleId", "SecurityGroupRuleArn")
        }
        for each in bed.rules()
    ]
    for each in rules:
        each["Tags"] = sorted(each.get("Tags", []), key=lambda tag: tag["Key"])
    return sorted(rules, key=lambda each: json.dumps(each, sort_keys=True))


def _file() -> Path:
    (found,) = Path.cwd().glob("cloudlb-prune-*.json")
    return found


def test_what_is_pruned_is_only_what_is_dead_and_restore_puts_it_back_exactly(bed, cli, orphaned):
    before = _rules(bed)
    shown = cli("prune", "--dry-run")
    assert shown.exit_code == 2
    assert _rules(bed) == before, "a dry run deletes nothing"
    result = cli("prune", "--yes")
    assert result.exit_code == 0, result.output
    assert "2 deleted." in result.stdout
    left = json.loads(cli("list", "-o", "json").stdout)["rules"]
    assert {each["verdict"] for each in left} == {"live"}
    assert len(left) == 2
    back = cli("restore", str(_file()))
    assert back.exit_code == 0, back.output
    assert _rules(bed) == before
    again = cli("restore", str(_file()))
    assert again.exit_code == 0
    assert again.stdout.count("is there already") == 2


def test_a_second_prune_has_nothing_to_do(bed, cli, orphaned):
    cli("prune", "--yes")
    result = cli("prune", "--yes")
    assert result.exit_code == 0
    assert "Nothing to delete" in result.stdout
    assert cli("prune", "--dry-run").exit_code == 0
    assert len(list(Path.cwd().glob("*.json"))) == 1


def test_nobody_there_to_ask_means_nothing_is_deleted(bed, cli, orphaned):
    before = _rules(bed)
    result = cli("prune")
    assert result.exit_code == 1
    assert "add --yes" in result.stderr
    assert _rules(bed) == before


@pytest.mark.parametrize(("answer", "left"), [("n", True), ("y", False)])
def test_on_a_terminal_it_shows_asks_and_does_as_it_is_told(bed, cli, orphaned, answer, left):
    before = _rules(bed)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cloudlb", "firewall", "prune"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "COLUMNS": "200"},
    )
    os.close(theirs)
    shown = _until(ours, "Delete 2 rules?")
    assert shown.count("orphan") == 2
    assert _rules(bed) == before, "nothing before the answer"

    os.write(ours, f"{answer}\n".encode())
    told = _until(ours, "nothing more")

    assert process.wait() == (1 if left else 0), told
    assert (_rules(bed) == before) is left
    assert ("Nothing was deleted." in told) is left
    assert ("2 deleted." in told) is not left
    os.close(ours)


def _until(terminal: int, words: str) -> str:
    """Read a terminal until it shows some words, or the program ends."""
    shown = ""
    while words not in shown:
        try:
            shown += os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # how a terminal says that nobody is at its other end
            break
    return shown


def test_a_service_that_only_has_our_finalizer_is_alive(bed, cli):
    """Its controller may run with settings that we do not know: class, default class, namespaces."""
    controller = bed.controller().wait_ready()
    bed.service()
    bed.programmed()
    controller.kill()
    bed.api.delete("/api/v1/namespaces/cloudlb/configmaps/cloudlb-hints")
    assert FINALIZER in bed.get()["metadata"]["finalizers"]
    result = cli("prune", "--yes", "-o", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rules"] == []


def test_another_clusters_and_a_persons_rules_are_kept(bed, cli, orphaned):
    ec2 = bed.emulator.client("ec2")
    group = bed.world.node_security_group
    tags = {
        "cloudlb.io/cluster": "another",
        "cloudlb.io/owner": "service/default/x",
        "cloudlb.io/owner-uid": "1",
        "cloudlb.io/resource": "node-rules/x",
    }
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 31111,
                "ToPort": 31111,
                "IpRanges": [{"CidrIp": "192.0.2.0/24"}],
            }
        ],
        TagSpecifications=[
            {
                "ResourceType": "security-group-rule",
                "Tags": [{"Key": k, "Value": v} for k, v in tags.items()],
            }
        ],
    )
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=30000, ToPort=32767, CidrIp="0.0.0.0/0"
    )
    assert cli("prune", "--yes").exit_code == 0
    ports = {each["FromPort"] for each in bed.rules()}
    assert {31111, 30000} <= ports


def test_leftovers_of_another_controller_go_when_they_are_chosen(bed, cli):
    ec2 = bed.emulator.client("ec2")
    source = ec2.create_security_group(
        GroupName="k8s-traffic", Description="x", VpcId=bed.world.vpc_id
    )["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=bed.world.node_security_group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 30000,
                "ToPort": 30500,
                "UserIdGroupPairs": [{"GroupId": source, "Description": LBC}],
            }
        ],
    )
    before = _rules(bed)
    assert cli("prune", "--orphans", "--yes").exit_code == 0
    assert _rules(bed) == before, "orphans only"
    assert cli("prune", "--leftovers", "--yes").exit_code == 0
    assert not [each for each in bed.rules() if each.get("Description") == LBC]
    assert cli("restore", str(_file())).exit_code == 0
    assert _rules(bed) == before


def test_what_changes_between_the_plan_and_the_deletion_is_kept(bed, cli, orphaned):
    """Somebody is quicker: here, right after the first reading of the rules."""
    ec2 = bed.emulator.client("ec2")
    group = bed.world.node_security_group

    def look(call) -> None:
        if call.operation == "DescribeSecurityGroupRules":
            bed.emulator.recorder.before_answer = lambda _call: None
            for each in bed.rules(GroupId=group):
                ec2.revoke_security_group_ingress(
                    GroupId=group, SecurityGroupRuleIds=[each["SecurityGroupRuleId"]]
                )

    bed.emulator.recorder.before_answer = look
    result = cli("prune", "--yes")
    assert result.exit_code == 0, result.output
    assert "it has gone meanwhile" in result.stderr
    assert "1 deleted, 1 kept." in result.stdout


def test_a_restore_file_that_can_not_be_written_stops_everything(bed, cli, orphaned):
    before = _rules(bed)
    result = cli("prune", "--yes", "--restore-folder", "/nowhere/at/all")
    assert result.exit_code == 1
    assert "nothing was deleted" in result.stderr
    assert _rules(bed) == before


def test_a_crash_in_the_middle_loses_no_restore_data(bed, cli, orphaned):
    before = _rules(bed)
    bed.emulator.faults.arm(
        Fault(kind=FaultKind.ERROR, operation="RevokeSecurityGroupIngress", at=2)
    )
    result = cli("prune", "--yes")
    assert result.exit_code == 1
    assert "1 deleted, 1 failed." in result.stdout
    assert cli("restore", str(_file())).exit_code == 0
    assert _rules(bed) == before


def test_a_cluster_that_does_not_answer_deletes_nothing(bed, cli, orphaned, server):
    before = _rules(bed)
    server.stop()
    try:
        result = cli("prune", "--yes")
    finally:
        server.start()
    assert result.exit_code == 1
    assert _rules(bed) == before
    until(lambda: bed.get() is not None)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": "x"}'])
def test_a_file_that_is_none_of_ours_is_refused(bed, cli, content):
    path = Path("x.json")
    path.write_text(content)
    result = cli("restore", str(path))
    assert result.exit_code == 1
    assert "x.json" in result.stderr


def test_a_rule_that_was_opened_for_a_while_is_pruned_when_its_time_is_over(bed, cli):
    made = bed.create(service("web", port(80), type="NodePort"))
    number = made["spec"]["ports"][0]["nodePort"]
    before = bed.rules()

    opened = cli(
        "open", f"{bed.namespace}/web", "--direct", "--source=192.0.2.0/24", "--expires=1s"
    )
    assert opened.exit_code == 0, opened.output
    (rule,) = [each for each in bed.rules() if each not in before]
    assert (rule["FromPort"], rule["ToPort"], rule["CidrIpv4"]) == (number, number, "192.0.2.0/24")
    until(lambda: cli("prune", "--expired", "--dry-run").exit_code == 2, "its time is over")

    pruned = cli("prune", "--expired", "--yes")

    assert pruned.exit_code == 0, pruned.output
    assert bed.rules() == before


def test_open_and_close_beside_the_controller_do_not_disturb_it(bed, cli):
    bed.controller().wait_ready()
    bed.service()
    bed.programmed()
    before = bed.rules()

    for source in ("192.0.2.0/24", "198.51.100.0/24"):
        assert (
            cli("open", f"{bed.namespace}/kubia", "--direct", f"--source={source}").exit_code == 0
        )
    assert len(bed.rules()) == len(before) + 2
    verdicts = {each["verdict"] for each in json.loads(cli("list", "-o", "json").stdout)["rules"]}
    assert "orphan" not in verdicts

    assert cli("close", f"{bed.namespace}/kubia", "--direct").exit_code == 0
    assert bed.rules() == before


def test_a_node_port_service_is_opened_by_annotation_and_closed_again(bed, cli):
    bed.controller().wait_ready()
    made = bed.create(service("web", port(80), type="NodePort"))
    number = made["spec"]["ports"][0]["nodePort"]
    before = bed.rules()
    name = f"{bed.namespace}/web"

    done = cli("open", name, "--source=192.0.2.0/24")
    assert done.exit_code == 0, done.output
    assert f"tcp {number}" in done.stdout
    until(lambda: bed.rules(CidrIpv4="192.0.2.0/24"), "open")
    (rule,) = bed.rules(CidrIpv4="192.0.2.0/24")
    assert (rule["FromPort"], rule["ToPort"]) == (number, number)
    until(lambda: bed.condition("Programmed", "web").get("status") == "True", "programmed")
    assert "ingress" not in bed.get("web")["status"].get("loadBalancer", {})
    assert bed.events("web")[-1] == "EnsuredLoadBalancer"
    verdicts = {each["verdict"] for each in json.loads(cli("list", "-o", "json").stdout)["rules"]}
    assert verdicts == {"live"}

    assert cli("close", name).exit_code == 0
    until(lambda: bed.rules() == before, "closed")
    until(lambda: FINALIZER not in bed.get("web")["metadata"].get("finalizers", []), "let go")
    assert bed.condition("Programmed", "web") == {}


def test_a_node_port_service_that_is_deleted_leaves_nothing_open(bed, cli):
    controller = bed.controller().wait_ready()
    bed.create(service("web", port(80), type="NodePort"))
    before = bed.rules()
    assert cli("open", f"{bed.namespace}/web", "--source=192.0.2.0/24").exit_code == 0
    until(lambda: bed.rules() != before, "open")
    until(lambda: bed.condition("Programmed", "web").get("status") == "True", "programmed")
    controller.kill()

    bed.delete("web")
    assert bed.get("web") is not None, "the finalizer holds it"
    bed.controller().wait_ready()

    bed.gone("web")
    assert bed.rules() == before
    until(bed.empty, "nothing left")


def test_a_report_counts_and_tells_and_deletes_nothing(bed, cli, orphaned):
    before = bed.rules()

    reported = cli("prune", "--report-only", "--metrics-file=firewall.prom")

    assert reported.exit_code == 0, reported.output
    assert "Firewall rules that nobody needs: orphan 2 (sgr-" in reported.stdout
    assert bed.rules() == before
    figures = Path("firewall.prom").read_text()
    assert 'cloudlb_firewall_rules{verdict="orphan"} 2.0' in figures
    assert "cloudlb_firewall_quota_used_ratio{" in figures
    events = json.loads(bed.api.get("/api/v1/namespaces/kube-system/events"))["items"]
    assert reported.stderr == ""
    told = [each for each in events if each["reason"] == "DeadFirewallRules"]
    assert "orphan 2" in told[-1]["message"]

    nowhere = cli("prune", "--report-only", "--metrics-file=/nowhere/firewall.prom")
    assert nowhere.exit_code == 1
    assert "the metrics can not be written" in nowhere.stderr


def test_several_contexts_are_read_each(bed, cli, orphaned, tmp_path):
    config = json.loads(json.dumps(YAML(typ="safe").load(bed.server.kubeconfig().read_text())))
    (first,) = config["contexts"]
    config["contexts"].append({"name": "again", "context": first["context"]})
    path = tmp_path / "several"
    path.write_text(json.dumps(config))
    both = (f"--kubeconfig={path}", f"--context={first['name']}", "--context=again")

    listed = cli("list", *both, "-o", "json")
    assert listed.exit_code == 0, listed.output
    assert "orphan" in {each["verdict"] for each in json.loads(listed.stdout)["rules"]}
    assert cli("prune", *both, "--dry-run").exit_code == 2

    missing = cli("prune", *both, "--context=nowhere", "--dry-run")
    assert missing.exit_code == 1
    assert "nowhere" in missing.stderr


def test_a_group_that_nothing_wears_goes_with_its_rules_and_comes_back(bed, cli):
    ec2 = bed.emulator.client("ec2")
    tags = [{"Key": "elbv2.k8s.aws/cluster", "Value": DEFAULT_CLUSTER}]
    dead = ec2.create_security_group(
        GroupName="k8s-traffic-old",
        Description="[k8s] Shared Backend SecurityGroup for LoadBalancer",
        VpcId=bed.world.vpc_id,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
    )["GroupId"]
    sender = {"UserIdGroupPairs": [{"GroupId": dead, "Description": LBC}]}
    ec2.authorize_security_group_ingress(
        GroupId=bed.world.node_security_group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 30000, "ToPort": 30500, **sender}],
    )

    shown = cli("prune", "--with-dependents", "--dry-run")
    assert shown.exit_code == 2, shown.output
    assert "security group" in shown.stdout
    pruned = cli("prune", "--with-dependents", "--yes")
    assert pruned.exit_code == 0, pruned.output
    assert "2 deleted." in pruned.stdout
    assert not ec2.describe_security_groups(Filters=[_name("k8s-traffic-old")])["SecurityGroups"]
    assert "Nothing to delete" in cli("prune", "--with-dependents", "--yes").stdout

    back = cli("restore", str(_file()))
    assert back.exit_code == 0, back.output
    (made,) = ec2.describe_security_groups(Filters=[_name("k8s-traffic-old")])["SecurityGroups"]
    (rule,) = [each for each in bed.rules() if each.get("Description") == LBC]
    assert rule["ReferencedGroupInfo"]["GroupId"] == made["GroupId"] != dead
    assert made["Tags"] == tags


def _name(name: str) -> dict:
    return {"Name": "group-name", "Values": [name]}


def test_an_ingress_that_lives_keeps_the_rules_that_were_made_for_it(bed, cli):
    ec2 = bed.emulator.client("ec2")
    stack = {
        "elbv2.k8s.aws/cluster": DEFAULT_CLUSTER,
        "ingress.k8s.aws/stack": f"{bed.namespace}/web",
    }
    group = ec2.create_security_group(
        GroupName="k8s-web",
        Description="[k8s] Managed SecurityGroup for LoadBalancer",
        VpcId=bed.world.vpc_id,
        TagSpecifications=[
            {
                "ResourceType": "security-group",
                "Tags": [{"Key": key, "Value": value} for key, value in stack.items()],
            }
        ],
    )["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="0.0.0.0/0"
    )
    assert cli("prune", "--dry-run").exit_code == 2
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    path = f"/apis/networking.k8s.io/v1/namespaces/{bed.namespace}/ingresses"
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web"},
        "spec": {"defaultBackend": backend},
    }

    bed.api.post(path, ingress)

    assert cli("prune", "--dry-run").exit_code == 0
    (listed,) = [
        each
        for each in json.loads(cli("list", "-o", "json").stdout)["rules"]
        if each["place"] == group
    ]
    assert (listed["verdict"], listed["whose"]) == ("live", f"ingress/{bed.namespace}/web")
