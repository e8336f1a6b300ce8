"""A load balancer that exists is not moved from one fit subnet of a zone to another."""

import pytest

from cloudlb_aws.resources.load_balancer import LoadBalancer, SubnetMapping


def balancer(*subnets: str, also_fit: tuple[tuple[str, str], ...] = ()) -> LoadBalancer:
    return LoadBalancer(
        id="network",
        name="clb",
        type="network",
        scheme="internal",
        ip_address_type="ipv4",
        mappings=tuple(SubnetMapping(subnet_id=each) for each in subnets),
        security_groups=frozenset(),
        also_fit=also_fit,
    )


@pytest.mark.parametrize(
    ("desired", "found", "settled"),
    [
        pytest.param(
            balancer("a1", "b1", also_fit=(("a2", "a1"),)),
            balancer("a2", "b1"),
            ("a2", "b1"),
            id="stays-in-the-other-subnet-of-the-zone",
        ),
        pytest.param(
            balancer("b1", also_fit=(("a1", ""),)),
            balancer("a1", "b1"),
            ("a1", "b1"),
            id="stays-in-a-zone-that-is-full",
        ),
        pytest.param(
            balancer("a1", "b1", also_fit=(("a2", "a1"),)),
            balancer("b1"),
            ("a1", "b1"),
            id="gains-a-zone-in-the-subnet-chosen",
        ),
        pytest.param(
            balancer("a1", "b1"),
            balancer("a2", "b1"),
            ("a1", "b1"),
            id="leaves-a-subnet-that-is-not-fit-any-more",
        ),
    ],
)
def test_what_is_there_stays_while_it_is_fit(desired, found, settled):
    mappings = desired.settled(found).mappings

    assert tuple(each.subnet_id for each in mappings) == settled
