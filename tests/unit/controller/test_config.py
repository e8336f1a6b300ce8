"""The settings: where each may stand, which of several counts, and what is said of a wrong one."""

import pytest

from cloudlb.controller.config import SETTINGS, load
from cloudlb.errors import UsageError

GOOD = {
    "provider": ("aws", "aws"),
    "region": ("eu-west-1", "eu-west-1"),
    "network": ("vpc-1", "vpc-1"),
    "endpoint_url": ("http://localhost:5000", "http://localhost:5000"),
    "cluster_name": ("prod", "prod"),
    "cluster_id": ("1-2-3", "1-2-3"),
    "tags": ("b=2,a=1", (("a", "1"), ("b", "2"))),
    "node_tags": ("gke-a, web", ("gke-a", "web")),
    "manage_firewall": ("false", False),
    "classes": ("x/y, z", ("x/y", "z")),
    "default_class": ("yes", True),
    "watch_namespaces": ("a,b", ("a", "b")),
    "default_scheme": ("internal", "internal"),
    "default_target_type": ("pod", "pod"),
    "workers": ("16", 16),
    "audit_interval": ("90s", 90.0),
    "qps": ("2.5", 2.5),
    "burst": ("5", 5.0),
    "leader_election": ("off", False),
    "namespace": ("kube-system", "kube-system"),
    "listen": ("[::1]:9090", ("::1", 9090)),
    "log_format": ("console", "console"),
    "log_level": ("debug", "debug"),
}
BAD = {
    "tags": "blue",
    "default_class": "perhaps",
    "manage_firewall": "never",
    "default_scheme": "outside",
    "default_target_type": "vm",
    "workers": "0",
    "audit_interval": "soon",
    "qps": "-1",
    "burst": "many",
    "leader_election": "2",
    "listen": "8080",
    "log_format": "xml",
    "log_level": "loud",
}
ANY_TEXT = {
    "provider",
    "region",
    "network",
    "endpoint_url",
    "cluster_name",
    "cluster_id",
    "node_tags",
    "classes",
    "watch_namespaces",
    "namespace",
}
NAMES = {each.name for each in SETTINGS}


def test_every_setting_has_its_examples_here():
    assert GOOD.keys() == NAMES
    assert BAD.keys() | ANY_TEXT == NAMES


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_setting_by_flag_by_environment_and_by_file(name, tmp_path):
    text, value = GOOD[name]
    file = tmp_path / "config.yaml"
    file.write_text(f"{name}: '{text}'\n")
    assert getattr(load({name: text}, {}), name) == value
    assert getattr(load({}, {f"CLOUDLB_{name.upper()}": text}), name) == value
    assert getattr(load({}, {}, str(file)), name) == value


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_wrong_value_is_told_with_where_it_stands(name, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(f"{name}: '{BAD[name]}'\n")
    flag, variable = f"--{name.replace('_', '-')}", f"CLOUDLB_{name.upper()}"
    for given, where in (
        (({name: BAD[name]}, {}), flag),
        (({}, {variable: BAD[name]}), variable),
        (({}, {}, str(file)), f"{name} in {file}"),
    ):
        with pytest.raises(UsageError) as caught:
            load(*given)
        assert str(caught.value).startswith(f"{where}: '{BAD[name]}'")


def test_a_flag_counts_before_the_environment_that_before_the_file_that_before_the_default(
    tmp_path,
):
    file = tmp_path / "config.yaml"
    file.write_text("workers: 3\n")
    environment = {"CLOUDLB_WORKERS": "4"}
    assert load({"workers": "5"}, environment, str(file)).workers == 5
    assert load({}, environment, str(file)).workers == 4
    assert load({}, {}, str(file)).workers == 3
    assert load({}, {}).workers == 8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("wokers: 3", "no such setting: wokers", id="unknown"),
        pytest.param("- a", "an object with settings is wanted", id="a list"),
        pytest.param("a: [", "can not be read", id="broken"),
    ],
)
def test_a_file_that_can_not_be_meant_is_told(tmp_path, text, words):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        load({}, {}, str(file))
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"none\.yaml can not be read"):
        load({}, {}, str(tmp_path / "none.yaml"))


def test_yaml_of_its_own_types_is_understood(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(
        "default_class: true\nworkers: 4\nclasses: [a, b]\ntags: {team: blue}\nqps: 1.5\n"
    )
    found = load({}, {}, str(file))
    assert (found.default_class, found.workers, found.classes) == (True, 4, ("a", "b"))
    assert (found.tags, found.qps) == ((("team", "blue"),), 1.5)
