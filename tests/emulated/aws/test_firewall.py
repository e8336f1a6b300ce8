"""`cloudlb firewall` in an account with a decade of mess: the verdict on each rule and group, prune, and the way back."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cloudlb.firewall import pruning, removal, restore_file
from cloudlb.firewall.rules import Around
from cloudlb.firewall.verdicts import DEAD, Verdict
from cloudlb.testing.faults import Fault, FaultKind
from cloudlb.translate.nodes import EligibleNodes
from cloudlb_aws.emulator.examined import AwsWorld

from .mess import AT_ONCE, LBC, LBC_BACK, OFFICE, Mess

ALL = pruning.Choice(kinds=DEAD, dependents=True)


@pytest.fixture
def world() -> Iterator[AwsWorld]:
    with AwsWorld() as made:
        yield made


@pytest.fixture
def mess(world: AwsWorld) -> Mess:
    return Mess(world)


def condemned(mess: Mess, choice: pruning.Choice = ALL) -> pruning.Sentence:
    return pruning.sentence(mess.judged().values(), mess.judged_dependents().values(), choice)


def comparable(mess: Mess) -> dict[str, list[Any]]:
    """Return all groups and rules by names instead of ids: what is put back has new ones."""
    groups = mess.ec2.describe_security_groups()["SecurityGroups"]
    names = {each["GroupId"]: each["GroupName"] for each in groups}

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: named(each) for key, each in sorted(value.items())}
        if isinstance(value, list):
            return sorted((named(each) for each in value), key=repr)
        return names.get(value, value)

    own = {"SecurityGroupRuleId", "SecurityGroupRuleArn", "SecurityGroupArn"}
    rules = [{key: each[key] for key in each if key not in own} for each in mess.stored()]
    outer = [{key: each[key] for key in each if key not in own} for each in groups]
    return {"rules": named(rules), "groups": named(outer)}


def test_every_rule_of_a_decade_gets_its_verdict(mess):
    found = mess.judged()

    said = {each.rule.id: (each.verdict, each.facts) for each in found.values()}
    wrong = {name: said[name] for name in said if said[name][0] is not mess.expected.get(name)}
    assert wrong == {}
    assert found.keys() == mess.expected.keys()
    assert all(each.facts for each in found.values())


def test_every_group_of_a_decade_gets_its_verdict(mess):
    found = mess.judged_dependents()

    assert {name: found[name].verdict for name in mess.groups} == mess.groups
    others = {name: each.verdict for name, each in found.items() if name not in mess.groups}
    assert set(others.values()) == {Verdict.LIVE}, "those of the Service that lives"


def test_prune_takes_what_is_dead_and_nothing_else_and_restore_is_the_way_back(mess, tmp_path):
    before = comparable(mess)
    mark = mess.world.emulator.recorder.mark()
    going = condemned(mess)
    assert not any(call.write for call in mess.world.emulator.recorder.since(mark))
    dead_groups = {name for name, verdict in mess.groups.items() if verdict in DEAD}
    assert {each.dependent.id for each in going.dependents} == dead_groups
    path = restore_file.write(tmp_path, "aws", (going.rules, going.dependents), datetime.now(UTC))

    done = removal.carry_out(mess.firewall, going, AT_ONCE)

    assert [each for each in done if each.result != "deleted"] == []
    kept = {name for name, verdict in mess.expected.items() if verdict not in DEAD}
    assert {each["SecurityGroupRuleId"] for each in mess.stored()} == kept
    assert condemned(mess).going == (), "a second prune is empty"

    saved = restore_file.read(path)
    back = removal.put_back(mess.firewall, saved, AT_ONCE)
    assert [each.error for each in back if each.error] == []
    assert comparable(mess) == before
    assert not any(each.made or each.error for each in removal.put_back(mess.firewall, saved))


def test_without_dependents_the_groups_stay(mess):
    going = condemned(mess, pruning.Choice(kinds=DEAD))
    assert going.dependents == ()
    removal.carry_out(mess.firewall, going, AT_ONCE)

    later = condemned(mess)

    assert later.rules == ()
    dead = {name for name, verdict in mess.groups.items() if verdict in DEAD}
    assert {each.dependent.id for each in later.dependents} == dead, "they can go afterwards"


def test_a_group_that_a_rule_of_a_person_needs_is_kept(mess):
    """In a group that nobody reads otherwise, as an outbound rule, and beside the dead rules on the nodes' group."""
    dead = {
        mess.judged_dependents()[name].dependent.place_name: name
        for name, verdict in mess.groups.items()
        if verdict is Verdict.LEFTOVER
    }
    other = mess.group("by-hand", "made by a person", {})
    outbound = {
        "IpProtocol": "tcp",
        "FromPort": 80,
        "ToPort": 80,
        "UserIdGroupPairs": [{"GroupId": dead["k8s-shop-2"]}],
    }
    mess.ec2.authorize_security_group_egress(GroupId=other, IpPermissions=[outbound])
    manual = mess.rule(Verdict.UNKNOWN, other, sender=dead["k8s-traffic-kubia-2"])

    going = condemned(mess)

    why = {each.judged.made.id: each.why for each in going.kept if each.judged.verdict in DEAD}
    assert why[dead["k8s-shop-2"]] == f"a rule of the security group {other} needs it"
    assert why[dead["k8s-traffic-kubia-2"]] == f"{manual} needs it"
    removal.carry_out(mess.firewall, going, AT_ONCE)
    assert manual in {each["SecurityGroupRuleId"] for each in mess.stored()}


def test_a_group_whose_rule_could_not_be_deleted_is_not_touched(mess):
    going = condemned(mess)
    (group,) = (each for each in going.dependents if each.made.place_name == "k8s-shop-2")
    (held,) = group.dependent.rules
    at = [each.rule.id for each in going.rules].index(held) + 1
    mess.world.emulator.faults.arm(
        Fault(kind=FaultKind.ERROR, operation="RevokeSecurityGroupIngress", at=at)
    )

    done = removal.carry_out(mess.firewall, going, replace(AT_ONCE, workers=1))

    by_id = {each.judged.made.id: each for each in done}
    assert by_id[held].result == "failed"
    last = by_id[group.dependent.id]
    assert (last.result, last.why) == ("kept", f"{held} is still there, and needs it")
    again = condemned(mess)
    assert [each.made.id for each in again.going] == [held, group.made.id]
    assert {each.result for each in removal.carry_out(mess.firewall, again)} == {"deleted"}


def test_a_cluster_that_lives_keeps_its_rules_until_it_is_read_and_named(mess):
    foreign = [each for each in mess.judged().values() if "cluster far" in str(each.facts)]
    assert {each.verdict for each in foreign} == {Verdict.FOREIGN}

    read = {each.rule.id: each for each in mess.judged(further=mess.far_nodes).values()}
    now = [read[each.rule.id] for each in foreign]

    assert {(each.verdict, each.rule.origin.cluster) for each in now} == {(Verdict.LEFTOVER, "far")}
    careful = pruning.Choice(kinds=DEAD, home=mess.cluster)
    assert pruning.sentence(now, (), careful).rules == ()
    asked = pruning.Choice(kinds=DEAD, home=mess.cluster, clusters=frozenset({"far"}))
    assert len(pruning.sentence(now, (), asked).rules) == len(foreign)


def test_where_nothing_tells_the_name_of_the_cluster_at_home_its_leftovers_are_kept(mess):
    """Any name may be its own then, and what it made may be of use again."""
    mess.ec2.delete_tags(
        Resources=list(mess.world.seeded.instances),
        Tags=[{"Key": f"kubernetes.io/cluster/{mess.world.seed.cluster}"}],
    )
    found = [each for each in mess.judged().values() if "it was made for the cluster" in str(each)]

    assert found
    assert not {each.verdict for each in found} & DEAD


def test_five_thousand_rules_are_read_whole_in_few_calls(world):
    mess = Mess(world, filled=False)
    for number in range(84):
        group = mess.group(f"k8s-many-{number}", LBC_BACK, {"elbv2.k8s.aws/cluster": "x"})
        permissions = [
            {
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
                "IpRanges": [{"CidrIp": OFFICE, "Description": LBC}],
            }
            for port in range(20000, 20060)
        ]
        mess.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
    nodes = EligibleNodes(mess.process.cluster.nodes()).select(())
    heard: list[int] = []
    mark = world.emulator.recorder.mark()

    found = mess.firewall.rules(Around(nodes=nodes), heard.append)

    assert len(found) >= 84 * 60
    assert heard[-1] == len(found)
    assert len(world.emulator.recorder.since(mark)) <= 20


@pytest.mark.skipif(shutil.which("aws") is None, reason="the aws command line is not installed")
def test_the_aws_command_line_sees_the_same_rules_before_and_after(mess):
    def listed() -> dict[str, Any]:
        done = subprocess.run(
            ["aws", "ec2", "describe-security-group-rules", "--output", "json"],  # noqa: S607
            env={**os.environ, **mess.world.emulator.environment()},
            capture_output=True,
            text=True,
            timeout=90,
            check=True,
        )
        found = json.loads(done.stdout)["SecurityGroupRules"]
        return {each["SecurityGroupRuleId"]: each for each in found if not each["IsEgress"]}

    before = listed()
    assert before.keys() == mess.expected.keys()
    going = condemned(mess, pruning.Choice(kinds=DEAD))

    removal.carry_out(mess.firewall, going, AT_ONCE)
    between = listed()
    for each in going.rules:
        mess.firewall.restore(each.rule.saved, {})
    after = listed()

    assert before.keys() - between.keys() == {each.rule.id for each in going.rules}
    assert between.items() <= before.items()
    assert len(after) == len(before)
