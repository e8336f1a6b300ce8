"""The emulator that stands for itself, as the command line starts it."""

from typing import Any

import pytest

from cloudlb_aws.emulator import EMULATOR


@pytest.fixture
def start() -> Any:
    running = []

    def start(**settings: Any) -> Any:
        running.append(EMULATOR.start(**settings))
        return running[-1]

    yield start
    for each in running:
        each.stop()


def test_it_comes_with_three_nodes_of_known_ids(start: Any) -> None:
    standing = start()

    assert standing.world.provider_ids == (
        "aws:///eu-west-1a/i-0a0000000000000a1",
        "aws:///eu-west-1b/i-0a0000000000000a2",
        "aws:///eu-west-1c/i-0a0000000000000a3",
    )


def test_it_takes_the_nodes_of_a_cluster_and_leaves_out_foreign_ones(start: Any) -> None:
    nodes = [
        ("aws:///eu-west-1b/i-0123456789abcdef0", "", ()),
        ("aws:///i-0123456789abcdef1", "eu-west-1c", ("10.0.0.9",)),
        ("gce://project/zone/node", "", ()),
        ("", "", ()),
    ]

    assert start(nodes=nodes).world.provider_ids == (
        "aws:///eu-west-1b/i-0123456789abcdef0",
        "aws:///eu-west-1c/i-0123456789abcdef1",
    )


def test_it_tells_a_person_what_is_in_it(start: Any) -> None:
    standing = start()
    text = "\n".join(standing.describe())

    for wanted in (
        standing.endpoint_url,
        standing.world.vpc_id,
        standing.world.node_security_group,
        *standing.world.public_subnets,
        *standing.world.private_subnets,
        *standing.world.provider_ids,
    ):
        assert wanted in text


def test_a_taken_port_is_an_oserror(start: Any) -> None:
    port = int(start().endpoint_url.rpartition(":")[2])

    with pytest.raises(OSError, match=r"."):
        start(port=port)
