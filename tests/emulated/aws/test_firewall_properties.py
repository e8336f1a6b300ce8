"""Whatever lies around in an account: nothing that lives is proposed, restore undoes prune, a crash loses nothing."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cloudlb.firewall import pruning, removal, restore_file
from cloudlb.firewall.verdicts import DEAD, Verdict
from cloudlb.testing.faults import Fault, FaultKind
from cloudlb_aws.emulator.examined import AwsWorld

from .mess import AT_ONCE, CLIENT, LBC, LBC_BACK, LBC_FRONT, Mess
from .test_firewall import comparable, condemned

GROUPS = st.fixed_dictionaries(
    {
        "by": st.sampled_from(["ours", "controller", "classic", "person"]),
        "cluster": st.sampled_from(["live", "old", "far"]),
        "object": st.sampled_from(["live", "gone"]),
        "worn": st.booleans(),
    }
)
RULES = st.fixed_dictionaries(
    {
        "in": st.sampled_from(["nodes", "group"]),
        "from": st.sampled_from(["office", "group"]),
        "by": st.sampled_from(["ours", "controller", "cloud-provider", "person"]),
        "object": st.sampled_from(["live", "gone"]),
        "group": st.integers(0, 2),
    }
)


def plant_group(mess: Mess, number: int, group: dict[str, Any]) -> str:
    live = group["object"] == "live"
    name = "kubia" if live else "gone"
    cluster = mess.world.seed.cluster if group["cluster"] == "live" else group["cluster"]
    if group["by"] == "ours":
        uid = mess.uid if live else "uid-gone"
        home = "" if group["cluster"] == "live" else group["cluster"]
        made = mess.group(f"clb-{number}", "cloudlb", mess.marks(uid, name, home))
    elif group["by"] == "controller":
        tags = {"elbv2.k8s.aws/cluster": cluster, "service.k8s.aws/stack": f"default/{name}"}
        made = mess.group(f"k8s-{number}", LBC_FRONT if number % 2 else LBC_BACK, tags)
    elif group["by"] == "classic":
        balancer = "a" + (mess.uid.replace("-", "")[:31] if live else f"{number}" * 31)
        said = f"Security group for Kubernetes ELB {balancer} (default/{name})"
        tags = {f"kubernetes.io/cluster/{cluster}": "owned"}
        made = mess.group(f"k8s-elb-{balancer}", said, tags) if not live or number == 0 else ""
    else:
        made = mess.group(f"mine-{number}", "made by hand", {})
    if made and group["worn"]:
        mess.interface(made)
    return made


def plant_rule(mess: Mess, rule: dict[str, Any], groups: list[str]) -> str:
    group = groups[rule["group"] % len(groups)]
    live = rule["object"] == "live"
    balancer = "a" + (mess.uid.replace("-", "")[:31] if live else "9" * 31)
    said = {"controller": LBC, "cloud-provider": CLIENT + balancer}.get(rule["by"], "")
    uid, name = (mess.uid, "kubia") if live else ("uid-gone", "gone")
    tags = mess.marks(uid, name) if rule["by"] == "ours" else None
    return mess.rule(
        Verdict.UNKNOWN,
        group if rule["in"] == "group" else "",
        said=said,
        tags=tags,
        **({"sender": group} if rule["from"] == "group" else {}),
    )


def lives(rule: dict[str, Any], group: dict[str, Any]) -> bool:
    """Tell, by what was planted alone, that somebody may need a rule."""
    by, inside = rule["by"], rule["in"] == "group"
    if by in ("ours", "cloud-provider"):
        return rule["object"] == "live"
    if not inside and rule["from"] == "office":
        return True
    if group["by"] in ("person", "ours"):
        return by == "person"
    if by == "person" and not inside and group["by"] == "controller":
        return True
    return group["worn"] or group["object"] == "live" or group["cluster"] == "far"


@settings(max_examples=15, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    groups=st.lists(GROUPS, min_size=1, max_size=3),
    rules=st.lists(RULES, min_size=1, max_size=8),
    crash=st.integers(0, 6),
)
def test_prune_spares_what_lives_and_restore_undoes_it(groups, rules, crash):
    with AwsWorld() as world:
        mess = Mess(world, filled=False)
        mess.instance("far")
        made = [(plant_group(mess, number, each), each) for number, each in enumerate(groups)]
        made = [each for each in made if each[0]] or [(mess.group("x", "x", {}), {"by": "person"})]
        ids = [each for each, _ in made]
        planted = {
            plant_rule(mess, each, ids): (each, made[each["group"] % len(made)][1])
            for each in rules
        }
        before = comparable(mess)
        going = condemned(mess)
        proposed = {each.rule.id for each in going.rules}
        needed = {name for name, (rule, group) in planted.items() if lives(rule, group)}
        assert proposed & needed == set()

        with TemporaryDirectory() as folder:
            everything = (going.rules, going.dependents)
            path = restore_file.write(Path(folder), "aws", everything, datetime.now(UTC))
            if crash:
                refused = Fault(
                    kind=FaultKind.ERROR, operation="RevokeSecurityGroupIngress", at=crash
                )
                world.emulator.faults.arm(refused)
            removal.carry_out(mess.firewall, going, AT_ONCE)
            world.emulator.faults.clear()
            removal.carry_out(mess.firewall, condemned(mess), AT_ONCE)
            assert condemned(mess).going == ()
            assert (
                pruning.sentence(mess.judged().values(), (), pruning.Choice(kinds=DEAD)).rules == ()
            )

            back = removal.put_back(mess.firewall, restore_file.read(path), AT_ONCE)
            assert [each.error for each in back if each.error] == []
        assert comparable(mess) == before
