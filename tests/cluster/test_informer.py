"""The informer against a real API server: lists in pages, watches, and every way in which a watch ends."""

import json
import threading
from collections.abc import Iterator

import pytest

from cloudlb.kube.client import connect
from cloudlb.kube.informer import Informer, Rhythm
from cloudlb.kube.kinds import ENDPOINT_SLICES, SERVICES
from cloudlb.testing.manifests import service

from .bed import until
from .proxy import Tunnel

QUICK = Rhythm(page=3, shortest=5.0, longest=6.0, silence=1.0, pause=0.05, longest_pause=0.5)


class Watched:
    """An informer in a thread, and what it told."""

    def __init__(self, informer_of) -> None:
        self.told: list[tuple[str, str]] = []
        self.informer = informer_of(self._tell)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.informer.run, args=(self.stop,), daemon=True)
        self.thread.start()
        assert self.informer.wait(20)

    def _tell(self, delta) -> None:
        what = "new" if delta.old is None else "gone" if delta.new is None else "changed"
        self.told.append((what, delta.key[1]))

    def names(self) -> set[str]:
        return {key[1] for key in self.informer.objects()}


@pytest.fixture
def tunnel(server) -> Iterator[Tunnel]:
    with Tunnel(server.port) as made:
        yield made


@pytest.fixture
def watched(bed, tunnel) -> Iterator[Watched]:
    """The Services of the namespace, five of them at first, through the tunnel."""
    for number in range(5):
        bed.create(service(f"s{number}", type="ClusterIP"))
    api = connect(str(bed.server.kubeconfig(port=tunnel.port)))
    made = Watched(
        lambda tell: Informer(api, SERVICES, tell, namespace=bed.namespace, rhythm=QUICK)
    )
    yield made
    made.stop.set()


def test_a_list_of_several_pages_is_told_whole_before_it_counts_as_synced(watched):
    assert watched.names() == {"s0", "s1", "s2", "s3", "s4"}
    assert sorted(watched.told) == [("new", f"s{number}") for number in range(5)]


def test_what_happens_is_told_once(bed, watched):
    watched.told.clear()
    bed.create(service("late", type="ClusterIP"))
    bed.patch("s0", {"metadata": {"labels": {"a": "b"}}})
    bed.delete("s1")
    until(lambda: "s1" not in watched.names())
    assert watched.told == [("new", "late"), ("changed", "s0"), ("gone", "s1")]


def test_a_change_of_what_nobody_reads_is_not_told(bed, watched):
    watched.told.clear()
    parent = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "0-0-0-0"}
    bed.patch("s0", {"metadata": {"ownerReferences": [parent]}})
    bed.create(service("late", type="ClusterIP"))
    until(lambda: "late" in watched.names())
    assert watched.told == [("new", "late")]


def test_a_broken_connection_loses_nothing(bed, watched, tunnel):
    watched.told.clear()
    tunnel.cut()
    bed.delete("s2")
    bed.create(service("late", type="ClusterIP"))
    until(lambda: watched.names() == {"s0", "s1", "s3", "s4", "late"})
    assert sorted(watched.told) == [("gone", "s2"), ("new", "late")]


def test_a_watch_that_falls_silent_is_given_up(bed, watched, tunnel):
    watched.told.clear()
    tunnel.freeze()
    bed.delete("s2")
    bed.create(service("late", type="ClusterIP"))
    until(lambda: watched.names() == {"s0", "s1", "s3", "s4", "late"})
    assert sorted(watched.told) == [("gone", "s2"), ("new", "late")]


def test_history_that_was_compacted_away_makes_a_new_list_with_the_deletions(
    bed, watched, server, tunnel
):
    watched.told.clear()
    server.stop()
    tunnel.cut()
    server.start()
    bed.delete("s3")
    bed.create(service("late", type="ClusterIP"))
    server.compact()
    until(lambda: watched.names() == {"s0", "s1", "s2", "s4", "late"})
    assert sorted(watched.told) == [("gone", "s3"), ("new", "late")]


@pytest.mark.parametrize("way", ["HTTP status", "ERROR event"])
def test_a_version_that_is_too_old_is_left_behind(bed, watched, server, way):
    """Both forms of 410: as the answer to the request, and inside a stream that began well."""
    del way
    watched.informer._version = "1"
    server.compact()
    server.stop()
    server.start()
    bed.create(service("late", type="ClusterIP"))
    until(lambda: "late" in watched.names())
    assert "s0" in watched.names()


def test_one_object_that_can_not_be_read_costs_only_itself(bed, watched):
    raw = {"metadata": {"name": "odd", "namespace": bed.namespace}, "spec": {"ports": "none"}}
    event = json.dumps({"type": "ADDED", "object": raw}).encode()
    watched.informer._take(watched.informer._events.decode(event))
    bed.create(service("late", type="ClusterIP"))
    until(lambda: "late" in watched.names())
    assert "odd" not in watched.names()


def test_only_followed_slices_are_kept(bed):
    made = Watched(
        lambda tell: Informer(
            bed.server.api(),
            ENDPOINT_SLICES,
            tell,
            namespace=bed.namespace,
            keep=lambda found: found.service == "wanted",
            rhythm=QUICK,
        )
    )
    for name in ("wanted", "other"):
        bed.create(service(name, type="ClusterIP"))
    until(made.informer.objects)
    assert {each.service for each in made.informer.objects().values()} == {"wanted"}
    made.stop.set()
