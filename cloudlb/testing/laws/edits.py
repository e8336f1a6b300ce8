"""An edit changes what it is about; a change of kind leaks nothing."""

import pytest

from cloudlb.plan.change import Action
from cloudlb.testing.laws.common import (
    Reordered,
    applied,
    assert_converged,
    changes_of,
    must,
    needs_targets,
    process_of,
    same_ports,
    told,
)
from cloudlb.testing.laws.scenarios import (
    EDITS,
    MIGRATIONS,
    SCENARIOS,
    named,
    with_pods,
)
from cloudlb.testing.manifests import Manifest, port, service
from cloudlb.testing.world import World


class Edits:
    """An edit changes what it is about; a change of kind leaks nothing."""

    @pytest.mark.parametrize("pair", named(EDITS))
    def test_l7_l10_an_edit_keeps_the_address(
        self, world: World, pair: tuple[Manifest, Manifest]
    ) -> None:
        """L7, L10: an edit in place keeps the address, and interrupts nothing that the cloud can change in place."""
        old, new = pair
        capabilities = world.provider.capabilities
        addresses = applied(world, (old,)).addresses()

        changes = changes_of(process_of(world, (new,)).forecast())
        process = applied(world, (new,))

        assert changes or not capabilities.node_ports
        assert told(each for each in changes if each.moves_address) == []
        if capabilities.ports_in_place or same_ports(old, new):
            assert told(each for each in changes if each.interrupts) == []
        assert process.addresses() == addresses
        assert_converged(world, (new,))

    def test_l7_an_edit_of_one_owner_leaves_the_others_alone(self, world: World) -> None:
        """L7: unrelated owners see no change."""
        applied(world, SCENARIOS["two services"])

        edited = (service("one", port(80), port(8080)), service("two", port(81)))
        forecast = process_of(world, edited).forecast()

        plans = {each.intent.owner.name: each.plan for each in forecast.previews}
        assert plans["one"]
        assert not plans["two"]

    def test_l9_a_node_more_or_less_changes_members_only(self, world: World) -> None:
        """L9: nodes come and go without any other change."""
        manifests = (service("kubia", port(80), port(443)),)
        nodes = list(world.nodes())
        applied(world, manifests)

        fewer = process_of(Reordered(world, nodes[1:]), manifests).forecast()
        more = process_of(Reordered(world, [*nodes, world.node()]), manifests).forecast()

        for forecast in (fewer, more):
            changes = [c for preview in forecast.previews for c in preview.plan]
            assert changes
            assert all(c.action is Action.UPDATE for c in changes), told(changes)
            assert all(field.members for c in changes for field in c.fields), told(changes)

    @pytest.mark.parametrize("pair", named(MIGRATIONS))
    def test_l16_a_migration_leaks_nothing(
        self, world: World, pair: tuple[Manifest, Manifest]
    ) -> None:
        """L16: from one kind of load balancer to another and then away, nothing stays behind."""
        needs_targets(world, *pair)
        old, new = (with_pods(each) for each in pair)
        applied(world, old)
        applied(world, new)
        assert_converged(world, new)

        must(process_of(world, new).delete())

        assert world.contents() == {}
