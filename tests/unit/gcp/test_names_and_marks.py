"""Names of what we make, and the descriptions that say whose it is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.model import Owner, OwnerKind
from cloudlb.plan.resource import Key
from cloudlb_gcp import names, ownership
from cloudlb_gcp.links import instance_id, name_of, part_of, path_of

NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
KEY = Key("forwarding-rule/ipv4")
ROLES = [("hc-fw6",), ("fw4-deny",), ("neg", "a-zone", "a-subnetwork"), ("fr6", "x"), ("bs", "y")]


def owner(namespace="default", name="kubia", uid="u-1", cluster="c-1") -> Owner:
    return Owner(cluster=cluster, kind=OwnerKind.SERVICE, namespace=namespace, name=name, uid=uid)


labels = st.text("abcdefghijklmnopqrstuvwxyz0123456789-.", min_size=1, max_size=253)


@given(
    namespace=labels,
    name=labels,
    uid=st.uuids().map(str),
    role=st.sampled_from(ROLES),
)
def test_a_name_is_valid_whatever_the_object_is_called(namespace, name, uid, role):
    made = names.generated(owner(namespace, name, uid), *role)

    assert NAME.fullmatch(made)
    assert names.is_of(owner(namespace, name, uid), made)


@given(one=st.uuids().map(str), other=st.uuids().map(str))
def test_owners_of_one_name_share_no_beginning(one, other):
    if one == other:
        return
    assert not names.is_of(owner(uid=one), names.generated(owner(uid=other), "bs"))


def test_another_cluster_has_other_names():
    assert names.prefix(owner(cluster="c-1")) != names.prefix(owner(cluster="c-2"))


def test_what_can_not_change_makes_another_name_and_lists_do_not_run_together():
    assert names.generated(owner(), "fr4", "a") != names.generated(owner(), "fr4", "b")
    assert names.generated(owner(), "fr4", "ab", "c") != names.generated(owner(), "fr4", "a", "bc")


def test_the_words_are_for_people():
    assert names.generated(owner("shop", "checkout"), "fw4").startswith("clb-shop-checkout-")
    assert names.listing_filter(owner()) == f"name eq {names.prefix(owner())}-.*"


def test_a_description_tells_the_owner_again():
    carried = ownership.marks_in(ownership.description(owner(), KEY))

    assert ownership.owner_of(carried, "c-1") == owner()
    assert ownership.is_ours(carried, owner(), KEY)
    assert ownership.resource_id(carried) == "ipv4"


def test_the_cluster_itself_is_an_owner():
    shared = Owner.of_cluster("c-1")
    carried = ownership.marks_in(ownership.description(shared, Key("health-check/nodes")))

    assert ownership.owner_of(carried, "c-1") == shared


def test_marks_of_others_are_not_ours():
    carried = ownership.marks_in(ownership.description(owner(), KEY))

    assert ownership.owner_of(carried, "c-2") is None
    assert not ownership.is_ours(carried, owner(uid="u-2"))
    assert not ownership.is_ours(carried, owner(), Key("forwarding-rule/ipv6"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "allow web traffic",
        "{",
        "[1]",
        "7",
        '{"kubernetes.io/service-name":"default/kubia"}',
        '{"cloudlb.io/cluster": 5}',
        '{"cloudlb.io/cluster":"c-1","cloudlb.io/owner":"teapot/x","cloudlb.io/owner-uid":"u","cloudlb.io/resource":"r"}',
        '{"cloudlb.io/cluster":"c-1"}',
        "\x00\ud83d",
    ],
)
def test_descriptions_of_others_name_no_owner(text):
    assert ownership.owner_of(ownership.marks_in(text), "c-1") is None


@pytest.mark.parametrize(
    ("provider_id", "expected"),
    [
        ("gce://p/europe-west1-b/n-1", ("p", "europe-west1-b", "n-1", "europe-west1")),
        ("gce://example.com:p/us-east4-a/n", ("example.com:p", "us-east4-a", "n", "us-east4")),
        ("aws:///eu-west-1a/i-0123", None),
        ("gce://p/n", None),
        ("", None),
    ],
)
def test_provider_ids(provider_id, expected):
    found = instance_id(provider_id)

    assert expected == (
        None if found is None else (found.project, found.zone, found.name, found.region)
    )


def test_links_are_paths():
    full = "https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/n"
    assert path_of(full) == path_of(
        "http://localhost:1/compute/beta/projects/p/zones/z/instances/n"
    )
    assert path_of(full) == "projects/p/zones/z/instances/n"
    assert (name_of(full), part_of(path_of(full), "zones")) == ("n", "z")
    assert part_of("projects/p/global/firewalls/zones", "zones") == ""
