"""`cloudlb plan` and `cloudlb status` without manifests: what the controller of a running cluster would do next."""

import json

import pytest
from typer.testing import CliRunner

from cloudlb.cli.main import app
from cloudlb.testing.manifests import service

from .bed import until


@pytest.fixture
def cli(bed, monkeypatch):
    """The command line with the kubeconfig of an administrator."""
    monkeypatch.setenv("KUBECONFIG", str(bed.server.kubeconfig()))
    monkeypatch.setenv("NO_COLOR", "1")
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_the_plan_is_empty_after_the_controller_and_then_just_what_it_does_next(bed, cli):
    controller = bed.controller().wait_ready()
    bed.service()
    bed.service("leaving")
    address = bed.programmed()
    bed.programmed("leaving")
    until(lambda: cli("plan").stdout.splitlines()[-1:] == ["Nothing to do."])
    controller.terminate()
    bed.patch("kubia", {"spec": {"loadBalancerSourceRanges": ["192.0.2.0/24"]}})
    bed.delete("leaving")
    bed.create(service("theirs", loadBalancerClass="example.org/other"))
    result = cli("plan", "-o", "json", "--detailed-exitcode")
    assert result.exit_code == 2, result.output
    plan = {
        each["owner"].rpartition("/")[2]: [
            (change["action"], change["key"].partition("/")[0]) for change in each["changes"]
        ]
        for each in json.loads(result.stdout)["objects"]
        if each["changes"]
    }
    assert plan["kubia"] == [("update", "ingress-rules")]
    assert {action for action, _ in plan["leaving"]} == {"delete"}
    assert len(plan["leaving"]) == 6
    assert "theirs" not in plan
    assert bed.address() == address, "a plan changes nothing"
    again = bed.controller().wait_ready()
    bed.gone("leaving")
    until(lambda: again.said("applied", plan="1 update"))
    assert again.said("applied", plan="6 delete")


def test_status_shows_the_address_and_the_targets_of_the_running_cluster(bed, cli):
    bed.controller().wait_ready()
    bed.service()
    address = bed.programmed()
    found = json.loads(cli("status", "-o", "json").stdout)
    (shown,) = [each for each in found["objects"] if each["object"].endswith("/kubia")]
    assert shown["addresses"] == [address]
    assert shown["ports"][0]["targets"]["total"] == 3


def test_without_a_controller_the_defaults_are_taken_and_said(bed, cli):
    bed.service()
    result = cli("plan")
    assert "no controller has left its settings" in result.stderr
    assert "the defaults are taken" in result.stderr
    assert result.stdout.splitlines()[-1] == "Nothing to do."
