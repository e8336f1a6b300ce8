"""What of a sweep is kept for whom, how often, and how long."""

from typing import Any

import pytest

from cloudlb.model import Owner, OwnerKind
from cloudlb.plan.resource import Key
from cloudlb.testing.clock import ManualClock
from cloudlb_gcp import names, ownership
from cloudlb_gcp.listing import KEPT_SECONDS, Recent


def owner(name: str, cluster: str = "c") -> Owner:
    return Owner(
        cluster=cluster, kind=OwnerKind.SERVICE, namespace="default", name=name, uid=f"uid-{name}"
    )


ONE, TWO = owner("one"), owner("two")


def listed(whose: Owner, *, name_of: Owner | None = None) -> dict[str, Any]:
    description = ownership.description(whose, Key("firewall/ipv4"))
    return {"name": names.generated(name_of or whose, "fw4"), "description": description}


def of(*found: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {"firewalls": list(found)}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def recent(clock: ManualClock) -> Recent:
    kept = Recent("c", clock)
    kept.keep(of(listed(ONE), listed(TWO)))
    return kept


def test_each_gets_his_own_once(recent):
    assert recent.take(ONE) == of(listed(ONE))
    assert recent.take(ONE) is None
    assert recent.take(TWO) == of(listed(TWO))


def test_who_was_not_listed_has_nothing(recent):
    assert recent.take(owner("three")) == {}


def test_whoever_changes_is_not_what_was_listed(recent):
    recent.spend(ONE)

    assert recent.take(ONE) is None


def test_a_name_of_mine_that_another_has_is_shown_to_me(recent):
    stranger = listed(owner("one", cluster="other"), name_of=ONE)
    recent.keep(of(listed(ONE), stranger))

    assert recent.take(ONE) == of(listed(ONE), stranger)


def test_a_listing_of_one_counts_for_him_alone(recent):
    recent.take(ONE)
    recent.keep(of(listed(ONE)), ONE)

    assert recent.take(ONE) == of(listed(ONE))
    assert recent.take(TWO) == of(listed(TWO))
    assert recent.take(ONE) is None


@pytest.mark.parametrize("whose", [None, ONE], ids=["all", "one"])
def test_what_was_listed_grows_old(recent, clock, whose):
    recent.keep(of(listed(ONE)), whose)
    clock.advance(KEPT_SECONDS + 1.0)

    assert recent.take(ONE) is None


def test_all_is_forgotten_on_request(recent):
    recent.drop()

    assert recent.take(ONE) is None
