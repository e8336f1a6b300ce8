"""Whatever lies around in a project: nothing that lives is proposed, restore undoes prune, a crash in the midst loses nothing."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cloudlb.firewall import pruning, removal, restore_file
from cloudlb.firewall.verdicts import DEAD
from cloudlb_gcp.emulator.errors import GceError

from .mess import AT_ONCE, Mess, by_incumbent, marked
from .test_firewall import comparable

TAGS = st.sampled_from(["gke-kubia-pool", "gke-far-5e6f7a8b-node", "gke-old-1a2b3c4d-node", "mine"])
UIDS = st.sampled_from(["live", "uid-gone", "uid-other"])
ADDRESSES = st.sampled_from(["live", "192.0.2.1", "2001:db8::1", ""])
NAMES = st.sampled_from(
    ["", "k8s-fw-a" + "e" * 30, "k8s2-7kpbhpki-a-b-", "gke-old-1a2b3c4d-", "k8s-fw-l7--", "clb-"]
)


@st.composite
def planted(draw: st.DrawFn) -> dict[str, Any]:
    """One rule as somebody may have left it; `live` stands for what really is there."""
    return {
        "stem": draw(NAMES),
        "tag": draw(TAGS),
        "address": draw(ADDRESSES),
        "by": draw(st.sampled_from(["ours", "incumbent", "person", "garbage"])),
        "uid": draw(UIDS),
        "cluster": draw(st.sampled_from(["live", "cluster-2"])),
        "service": draw(st.sampled_from(["default/kubia", "shop/gone"])),
        "sources": draw(st.sampled_from([["0.0.0.0/0"], ["192.0.2.0/24", "198.51.100.7/32"]])),
        "port": draw(st.integers(1, 65535)),
    }


def plant(mess: Mess, number: int, rule: dict[str, Any]) -> str:
    name = f"{rule['stem']}{number:x}" if rule["stem"] else f"rule-{number}"
    address = mess.address if rule["address"] == "live" else rule["address"]
    uid = mess.uid if rule["uid"] == "live" else rule["uid"]
    cluster = mess.cluster if rule["cluster"] == "live" else rule["cluster"]
    descriptions = {
        "ours": marked(uid, rule["service"].partition("/")[2], cluster),
        "incumbent": by_incumbent(rule["service"], address),
        "person": "made by hand",
        "garbage": '{"kubernetes.io/service-name": ',
    }
    width = 128 if ":" in address else 32
    family = rule["sources"] if width == 32 else ["::/0"]
    mess.world.plant_firewall(
        name,
        [f"tcp:{rule['port']}"],
        family,
        description=descriptions[rule["by"]],
        target_tags=[rule["tag"]],
        **({"destination_ranges": [f"{address}/{width}"]} if address else {}),
    )
    return name


def lives(rule: dict[str, Any]) -> bool:
    """Tell, by the rule alone, that somebody may need it."""
    if rule["by"] == "ours":
        return rule["uid"] == "live" or rule["cluster"] != "live"
    has_uid = rule["stem"].startswith("k8s-fw-a")
    named = rule["by"] == "incumbent" and rule["service"] == "default/kubia" and not has_uid
    if rule["address"] == "live" or named:
        return True
    known = rule["by"] == "incumbent" or rule["stem"] not in ("", "clb-")
    return not known or rule["tag"] == "gke-far-5e6f7a8b-node"


@settings(
    max_examples=15,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rules=st.lists(planted(), min_size=1, max_size=8), crash=st.integers(0, 8))
def test_prune_spares_what_lives_and_restore_undoes_it(new_world, rules, crash):
    mess = Mess(new_world(), filled=False)
    names = {plant(mess, number, each): each for number, each in enumerate(rules)}
    before = mess.world.stored("firewalls")
    choice = pruning.Choice(kinds=DEAD, home=mess.cluster)
    going = pruning.sentence(mess.judged().values(), (), choice)
    proposed = {each.rule.id for each in going.rules}
    assert not [name for name in proposed & names.keys() if lives(names[name])]

    with TemporaryDirectory() as folder:
        path = restore_file.write(Path(folder), "gcp", (going.rules, ()), datetime.now(UTC))
        refused = min(crash, len(proposed))
        forbidden = GceError(403, "forbidden", "the right was taken away in the midst")
        mess.world.emulator.refuse("firewalls.delete", forbidden, times=refused)
        first = removal.carry_out(mess.firewall, going, AT_ONCE)
        assert sum(each.result == "failed" for each in first) == refused

        again = pruning.sentence(mess.judged().values(), (), choice)
        assert len(again.rules) == refused, "the next run takes up the rest, and only that"
        removal.carry_out(mess.firewall, again, AT_ONCE)
        assert pruning.sentence(mess.judged().values(), (), choice).rules == ()

        removal.put_back(mess.firewall, restore_file.read(path), AT_ONCE)
    assert comparable(mess.world.stored("firewalls")) == comparable(before)


@pytest.mark.parametrize("at", [0, 1, 3])
def test_an_interruption_tells_what_was_done_and_the_next_run_does_the_rest(mess, at):
    choice = pruning.Choice(kinds=DEAD, home=mess.cluster)
    going = pruning.sentence(mess.judged().values(), (), choice)
    left = iter(range(at))

    def pressed(_seconds: float) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    done = removal.carry_out(mess.firewall, going, removal.Tempo(sleep=pressed))

    results = [each.result for each in done]
    assert results == ["deleted"] * (at + 1) + ["kept"] * (len(going.rules) - at - 1)
    assert {each.why for each in done[at + 1 :]} == {removal.INTERRUPTED}
    rest = pruning.sentence(mess.judged().values(), (), choice)
    assert [each.rule.id for each in rest.rules] == [each.rule.id for each in going.rules[at + 1 :]]
