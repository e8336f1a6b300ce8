"""Names are valid for anything that Kubernetes allows and never shared; tags tell whose an object is, and come back whole."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.model import Owner, OwnerKind
from cloudlb.plan.resource import Key
from cloudlb_aws import names, ownership

LABEL = st.from_regex(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
TEXT = st.text(min_size=1, max_size=63)
UID = st.uuids().map(str)


def owner(
    namespace: str = "default", name: str = "kubia", uid: str = "1-2-3", cluster: str = "c"
) -> Owner:
    return Owner(cluster=cluster, kind=OwnerKind.SERVICE, namespace=namespace, name=name, uid=uid)


OWNERS = st.builds(owner, namespace=LABEL, name=LABEL, uid=UID, cluster=UID)


@given(st.builds(owner, namespace=LABEL | TEXT, name=LABEL | TEXT, uid=UID), st.text(max_size=80))
def test_a_name_is_one_that_aws_takes(of, role):
    """CreateLoadBalancer: 32 letters, digits and hyphens, no hyphen at either end, not `internal-`."""
    name = names.generated(of, role)
    assert re.fullmatch(r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?", name)
    assert not name.startswith("internal-")
    assert names.is_generated(name)


@given(OWNERS, st.text(max_size=10))
def test_a_name_is_the_same_in_every_process(of, role):
    assert names.generated(of, role) == names.generated(of, role)


@given(OWNERS, OWNERS)
def test_two_owners_never_share_a_name(one, other):
    same = one.identity == other.identity
    assert (
        names.generated(one, "x").rpartition("-")[2]
        == names.generated(other, "x").rpartition("-")[2]
    ) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("ab", "c"), ("a", "bc"), id="parts that run together"),
        pytest.param(("a", ""), ("a",), id="an empty part"),
        pytest.param(("a",), ("A",), id="case"),
    ],
)
def test_roles_that_look_alike_are_told_apart(one, other):
    assert names.generated(owner(), *one) != names.generated(owner(), *other)


def test_the_longest_names_differ_by_their_hash():
    long = "n" * 63
    one, other = owner(long, f"{long[:-1]}a", "1"), owner(long, f"{long[:-1]}b", "2")
    first, second = names.generated(one, "lb"), names.generated(other, "lb")
    assert first != second
    assert len(first) == len(second) == 32


@pytest.mark.parametrize(
    "name",
    [
        "",
        "clb-",
        "clb-default-kubia-short",
        "other-default-kubia-0123456789",
        "clb-a-b-c-0123456789",
    ],
)
def test_names_of_others_are_not_taken_for_ours(name):
    assert not names.is_generated(name)


TAG = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=100)


@given(OWNERS, st.dictionaries(TAG, TAG, max_size=20))
def test_an_owner_and_its_extra_tags_come_back_from_the_tags(of, extra):
    key = Key("target-group/tcp-80")
    tags = ownership.tags_of(of, key, extra=extra.items(), generation="g1")
    assert all(len(value) <= 256 for value in tags.values())
    assert ownership.owner_of(tags, of.cluster) == of
    assert ownership.is_ours(tags, of, key)
    assert ownership.resource_id(tags) == "tcp-80"
    assert ownership.generation_of(tags) == "g1"
    assert dict(ownership.extra_of(tags)) == extra


@given(OWNERS, OWNERS)
def test_nobody_takes_what_is_another_ones(one, other):
    tags = ownership.tags_of(one, Key("load-balancer/network"))
    assert ownership.is_ours(tags, other) is (one.identity == other.identity)


@pytest.mark.parametrize(
    "missing", [ownership.CLUSTER, ownership.OWNER, ownership.OWNER_UID, ownership.RESOURCE]
)
def test_with_a_mark_missing_it_is_nobodys(missing):
    tags = ownership.tags_of(owner(), Key("load-balancer/network"))
    del tags[missing]
    assert ownership.owner_of(tags, "c") is None


@pytest.mark.parametrize("path", ["", "service", "unicorn/default/kubia", "/", "ser vice/a/b"])
def test_an_owner_that_makes_no_sense_is_nobody(path):
    tags = {**ownership.tags_of(owner(), Key("load-balancer/network")), ownership.OWNER: path}
    found = ownership.owner_of(tags, "c")
    assert found is None or found.kind is OwnerKind.SERVICE
    if path.partition("/")[0] != "service":
        assert found is None


def test_tags_of_others_are_not_counted_as_what_the_user_asked_for():
    tags = ownership.tags_of(owner(), Key("load-balancer/network"), extra=[("team", "blue")])
    tags["theirs"] = "x"
    assert ownership.extra_of(tags) == (("team", "blue"),)
    del tags["team"]
    assert ownership.extra_of(tags) == ()
