"""Which provider a command works with: named, the only one, or that of the nodes."""

from importlib.metadata import EntryPoint

import pytest

from cloudlb import provider as found
from cloudlb.cli.providers import choose
from cloudlb.errors import UsageError
from cloudlb.kube.decode import convert
from cloudlb.kube.objects import Node
from cloudlb.testing.manifests import node

AWS_NODE = "aws:///eu-west-1a/i-0123456789abcdef0"
GCE_NODE = "gce://p/europe-west1-b/n-1"


def nodes(*provider_ids: str) -> list[Node]:
    return [
        convert(node(f"n-{number}", each, zone="z", address="10.0.0.1"), Node)
        for number, each in enumerate(provider_ids)
    ]


@pytest.mark.parametrize(
    ("provider_id", "expected"), [(AWS_NODE, "aws"), (GCE_NODE, "gcp")], ids=["aws", "gcp"]
)
def test_the_nodes_tell(provider_id, expected):
    assert choose("", lambda: nodes(provider_id, "")).name == expected


@pytest.mark.parametrize(
    "provider_ids",
    [(), ("",), ("kind://x",), (AWS_NODE, GCE_NODE)],
    ids=["none", "empty", "unknown", "both"],
)
def test_where_they_do_not_the_message_names_the_way(provider_ids):
    with pytest.raises(
        UsageError, match=r"several providers are installed \(aws, gcp\).*--provider"
    ):
        choose("", lambda: nodes(*provider_ids))


def test_a_name_counts_before_the_environment_and_that_before_the_nodes(monkeypatch):
    monkeypatch.setenv("CLOUDLB_PROVIDER", "gcp")

    assert choose("", lambda: nodes(AWS_NODE)).name == "gcp"
    assert choose("aws", lambda: nodes(GCE_NODE)).name == "aws"


def test_the_only_one_is_taken_without_a_look_at_the_nodes(monkeypatch):
    only = EntryPoint("aws", "cloudlb_aws.provider:PROVIDER", found.GROUP)
    monkeypatch.setattr(found, "entry_points", lambda group: [only] if group == found.GROUP else [])

    def unread() -> list[Node]:
        raise AssertionError

    assert choose("", unread).name == "aws"


def test_where_none_is_installed_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(found, "entry_points", lambda **_group: [])

    with pytest.raises(UsageError, match="pip install"):
        choose("", lambda: nodes(AWS_NODE))
