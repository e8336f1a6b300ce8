"""What stands between a rule and its deletion, and the file that undoes it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cloudlb.errors import Denied, UsageError
from cloudlb.firewall import pruning, removal, restore_file
from cloudlb.firewall.made import Dependent
from cloudlb.firewall.pruning import Sentence
from cloudlb.firewall.removal import Tempo
from cloudlb.firewall.rules import Opening, Rule
from cloudlb.firewall.verdicts import DEAD, Judged, Verdict
from cloudlb.model import Owner, OwnerKind

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AT_ONCE = Tempo(sleep=lambda _seconds: None)


def judged(id_: str, verdict: Verdict = Verdict.ORPHAN) -> Judged:
    rule = Rule(
        id=id_,
        place="sg-1",
        place_name="nodes",
        openings=(Opening("tcp", 1, 1),),
        sources=("sg-2",),
        saved=f"saved {id_}",
    )
    return Judged(rule=rule, verdict=verdict, facts=("a fact",))


def chosen(rules, choice: pruning.Choice):
    found = pruning.sentence(rules, (), choice)
    return found.rules, found.kept


class Cloud:
    """A cloud that notes what is deleted."""

    def __init__(self, *, failing: str = "", gone: str = "") -> None:
        self.deleted: list[str] = []
        self._failing, self._gone = failing, gone

    def delete(self, rule: Rule) -> bool:
        if rule.id == self._failing:
            raise Denied("not allowed")
        if rule.id == self._gone:
            return False
        self.deleted.append(rule.id)
        return True

    def remove(self, dependent: Dependent) -> bool:
        if dependent.id == self._failing:
            raise Denied("not allowed")
        self.deleted.append(dependent.id)
        return True

    def restore(self, saved: str, moved) -> str:
        return f"{saved} at {moved}"

    def put_back(self, saved: str, _moved) -> tuple[str, bool]:
        return f"new {saved}", True


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - DEAD))
def test_only_dead_kinds_can_be_chosen(verdict):
    with pytest.raises(ValueError, match="may be removed"):
        pruning.Choice(kinds=frozenset({verdict}))


def test_only_the_chosen_kind_is_condemned():
    rules = [judged(each.value, each) for each in Verdict]
    found, kept = chosen(rules, pruning.Choice(kinds=frozenset({Verdict.LEFTOVER})))
    assert [each.rule.id for each in found] == ["leftover"]
    assert [each.judged.rule.id for each in kept] == ["foreign"], "it is said that it is kept"


def test_only_what_is_old_enough_goes_and_what_has_no_age_stays():
    young, old, ageless = judged("young"), judged("old"), judged("ageless")
    young = replace(young, rule=replace(young.rule, created=NOW - timedelta(days=6)))
    old = replace(old, rule=replace(old.rule, created=NOW - timedelta(days=8)))
    choice = pruning.Choice(kinds=DEAD, before=NOW - timedelta(days=7))

    found, kept = chosen([young, old, ageless], choice)

    assert [each.rule.id for each in found] == ["old"]
    assert [(each.judged.rule.id, each.result, each.why) for each in kept] == [
        ("young", "kept", "it is not old enough"),
        ("ageless", "kept", "its age is not known"),
    ]


@pytest.mark.parametrize(
    ("now", "why"),
    [
        pytest.param([], "it has gone meanwhile", id="gone"),
        pytest.param(
            [replace(judged("r"), rule=replace(judged("r").rule, sources=("sg-3",)))],
            "it was changed meanwhile",
            id="changed",
        ),
        pytest.param(
            [replace(judged("r"), rule=replace(judged("r").rule, saved="other tags"))],
            "it was changed meanwhile",
            id="tags changed",
        ),
        pytest.param([judged("r", Verdict.LIVE)], "it is live now: a fact", id="needed again"),
        pytest.param([judged("r", Verdict.UNKNOWN)], "it is unknown now: a fact", id="in doubt"),
    ],
)
def test_what_is_not_just_as_it_was_shown_is_kept(now, why):
    same, kept = pruning.still([judged("r")], now)
    assert same == []
    assert [(each.result, each.why) for each in kept] == [("kept", why)]


def test_what_is_just_so_goes():
    same, kept = pruning.still([judged("r")], [judged("r"), judged("new")])
    assert [each.rule.id for each in same] == ["r"]
    assert kept == []


def test_the_file_comes_back_as_it_was_written(tmp_path):
    path = restore_file.write(tmp_path, "aws", ([judged("r-1"), judged("r-2")], []), NOW)
    assert path.name == "cloudlb-prune-20260102T030405.000000Z.json"
    found = restore_file.read(path)
    assert found.provider == "aws"
    assert [each.text for each in found.rules] == ["saved r-1", "saved r-2"]
    assert json.loads(path.read_text())["rules"][0]["facts"] == ["a fact"]


def test_a_file_is_never_written_over(tmp_path):
    restore_file.write(tmp_path, "aws", ([judged("r")], []), NOW)
    with pytest.raises(UsageError, match="nothing was deleted"):
        restore_file.write(tmp_path, "aws", ([judged("r")], []), NOW)


def test_one_that_fails_does_not_keep_the_others():
    cloud = Cloud(failing="r-2", gone="r-3")
    going = Sentence(rules=tuple(judged(f"r-{number}") for number in range(1, 5)))
    done = removal.carry_out(cloud, going, AT_ONCE)
    assert sorted(cloud.deleted) == ["r-1", "r-4"]
    assert [(each.judged.rule.id, each.result) for each in done] == [
        ("r-1", "deleted"),
        ("r-2", "failed"),
        ("r-3", "kept"),
        ("r-4", "deleted"),
    ]


def test_rules_of_another_cluster_go_only_where_its_id_is_given():
    owner = Owner(cluster="far", kind=OwnerKind.SERVICE, namespace="a", name="b", uid="u")
    far = replace(judged("far"), rule=replace(judged("far").rule, owner=owner))
    home = replace(
        judged("home"), rule=replace(far.rule, id="home", owner=replace(owner, cluster="here"))
    )
    manual = judged("leftover", Verdict.LEFTOVER)

    careful = pruning.Choice(kinds=DEAD, home="here")
    found, kept = chosen([far, home, manual], careful)
    assert [each.rule.id for each in found] == ["home", "leftover"]
    assert "give that with --cluster" in kept[0].why

    asked = pruning.Choice(kinds=DEAD, home="here", clusters=frozenset({"far"}))
    found, kept = chosen([far, home, manual], asked)
    assert ([each.rule.id for each in found], kept) == (["far", "home", "leftover"], ())
