"""`cloudlb plan`: what it prints, what it exits with, and that it changes nothing."""

import json

import pytest

from .conftest import edit, tidy

WRITES = "plan never writes"


def _objects(result) -> dict:
    return {each["owner"]: each for each in json.loads(result.stdout)["objects"]}


def test_a_new_application_is_shown_object_by_object_and_nothing_is_made(cli, cloud, kubia):
    result = cli("plan", "-f", kubia)
    assert result.exit_code == 0
    text = tidy(result.stdout)
    assert "service/default/kubia-loadbalancer: 6 to create\n" in text
    assert "  + targets/tcp-80           members=3 " in text
    assert "cluster/shared: 2 to create\n" in text
    assert text.splitlines()[-1] == "Plan: 14 to create in 3 objects; 14 API calls."
    assert not any(call.write for call in cloud.recorder.since(0)), WRITES


def test_what_needs_no_load_balancer_takes_one_line_and_with_verbose_says_why(cli, cloud, kubia):
    short = cli("plan", "-f", kubia).stdout
    assert (
        "No load balancer needed: service/default/external-service, service/default/kubia, "
        in short
    )
    assert "cluster-internal by design" not in short
    long = cli("plan", "-f", kubia, "--verbose").stdout
    assert "service/default/kubia-nodeport: on every node at 30123/TCP" in long
    assert "No load balancer needed" not in long


@pytest.mark.parametrize(("flags", "code"), [((), 0), (("--detailed-exitcode",), 2)])
def test_changes_exit_with_2_only_when_asked_for(cli, cloud, kubia, flags, code):
    assert cli("plan", "-f", kubia, *flags).exit_code == code


def test_after_an_apply_there_is_nothing_to_do(cli, cloud, kubia):
    assert cli("apply", "-f", kubia, "--yes").exit_code == 0
    result = cli("plan", "-f", kubia, "--detailed-exitcode")
    assert result.exit_code == 0
    assert (
        "As it should be: service/default/kubia-loadbalancer, service/default/kubia-local."
        in result.stdout
    )
    assert result.stdout.splitlines()[-1] == "Nothing to do."


def test_an_update_shows_old_and_new_and_a_replacement_what_it_interrupts(cli, cloud, kubia):
    cli("apply", "-f", kubia, "--yes")
    manifest = kubia / "08-loadbalancer.yaml"
    edit(manifest, ("  selector:", "  loadBalancerSourceRanges: [192.0.2.0/24]\n  selector:"))
    updated = cli("plan", "-f", kubia).stdout
    assert "  ~ ingress-rules/frontend" in updated
    assert "0.0.0.0/0" in updated
    assert "192.0.2.0/24" in updated
    edit(manifest, ("metadata:\n", "metadata:\n  annotations: {cloudlb.io/scheme: internal}\n"))
    replaced = cli("plan", "-f", kubia).stdout
    assert "  ± load-balancer/network" in replaced
    assert "address" in replaced


def test_json_has_the_same_changes_as_the_text(cli, cloud, kubia):
    result = cli("plan", "-f", kubia, "-o", "json", "--detailed-exitcode")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert found["refused"] == []
    assert {
        "service/default/kubia-loadbalancer",
        "service/default/kubia-local",
        "cluster/shared",
    } <= {each["owner"] for each in found["objects"]}
    changes = _objects(result)["service/default/kubia-loadbalancer"]["changes"]
    assert [each["action"] for each in changes] == ["create"] * 6


@pytest.mark.parametrize("form", ["json list", "yaml", "two documents"])
def test_manifests_come_from_stdin_in_every_form(cli, cloud, kubia, form):
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }
    other = {**service, "metadata": {"name": "second"}}
    text = {
        "json list": json.dumps({"apiVersion": "v1", "kind": "List", "items": [service, other]}),
        "yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
        "spec: {type: LoadBalancer, ports: [{port: 80}]}\n",
        "two documents": f"{json.dumps(service)}\n---\n{json.dumps(other)}\n",
    }[form]
    result = cli("plan", "-f", "-", "-f", _nodes_of(kubia), "-o", "json", stdin=text)
    assert result.exit_code == 0, result.stderr
    expected = {"service/default/web"} | ({"service/default/second"} if form != "yaml" else set())
    assert expected <= set(_objects(result))


def _nodes_of(kubia) -> str:
    (found,) = [each for each in kubia.rglob("*.yaml") if "kind: Node\n" in each.read_text()]
    return str(found)


def test_unknown_kinds_are_left_out(cli, cloud, kubia):
    (kubia / "crd.yaml").write_text(
        "apiVersion: example.org/v1\nkind: Gadget\nmetadata: {name: ß}\n"
    )
    result = cli("plan", "-f", kubia)
    assert result.exit_code == 0
    assert "Gadget" not in result.output


def test_one_refused_object_is_told_and_the_others_are_planned(cli, cloud, kubia):
    (kubia / "bad.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: Bad_Name}\nspec: {type: LoadBalancer, ports: [{port: 99999}]}\n"
    )
    result = cli("plan", "-f", kubia)
    assert result.exit_code == 1
    assert "Plan: 14 to create in 3 objects" in result.stdout
    assert "bad.yaml:3" in result.stderr
    assert "Bad_Name" in result.stderr
    assert "99999" in result.stderr


def test_half_a_surrogate_pair_does_not_break_the_json(cli, cloud, tmp_path):
    odd = tmp_path / "odd.json"
    odd.write_text(
        '{"apiVersion":"v1","kind":"Service","metadata":{"name":"a\\ud800b"},"spec":{"ports":[{"port":80}]}}'
    )
    result = cli("plan", "-f", odd, "-o", "json", "--provider", "aws")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["refused"][0]["name"] == "a\ud800b"


def test_an_annotation_that_asks_for_what_can_not_be_names_it_and_stops_nothing_else(
    cli, cloud, kubia
):
    edit(
        kubia / "08-loadbalancer.yaml",
        (
            "metadata:\n",
            "metadata:\n  annotations: {cloudlb.io/scheme: inside, cloudlb.io/shceme: internal}\n",
        ),
    )
    result = cli("plan", "-f", kubia)
    assert result.exit_code == 1
    assert "! error: metadata.annotations[cloudlb.io/scheme]" in result.stdout
    assert "'inside'" in result.stdout
    assert "cloudlb.io/scheme" in result.stdout.partition("! warning")[2], "the nearest known key"
    assert "service/default/kubia-local: 6 to create" in result.stdout


def test_opened_node_ports_are_planned_and_told(cli, cloud, kubia):
    edit(
        kubia / "07-nodeport.yaml",
        ("metadata:\n", "metadata:\n  annotations: {cloudlb.io/expose-node-ports: 192.0.2.0/24}\n"),
    )

    planned = cli("plan", "-f", kubia)
    assert "-from-192.0.2.0/24" in planned.stdout
    assert "tcp 30123" in planned.stdout

    assert cli("apply", "-f", kubia, "--yes").exit_code == 0
    status = cli("status", "-f", kubia)
    assert "on every node at 30123/TCP, opened to 192.0.2.0/24" in " ".join(status.stdout.split())
    assert cli("plan", "-f", kubia, "--detailed-exitcode").exit_code == 0


def test_without_a_node_the_provider_has_to_be_named(cli, cloud, tmp_path, monkeypatch):
    (tmp_path / "empty.yaml").write_text("")

    result = cli("plan", "-f", tmp_path / "empty.yaml")
    assert result.exit_code == 1
    assert "several providers are installed (aws, gcp)" in result.stderr
    assert "--provider" in result.stderr

    monkeypatch.setenv("CLOUDLB_PROVIDER", "aws")
    assert cli("plan", "-f", tmp_path / "empty.yaml").exit_code == 0


def test_no_service_at_all_is_said(cli, cloud, tmp_path):
    (tmp_path / "empty.yaml").write_text("")
    result = cli("plan", "-f", tmp_path / "empty.yaml", "--provider", "aws")
    assert result.exit_code == 0
    assert result.stdout == "Nothing to do: there is no Service in these manifests.\n"


def test_three_hundred_unchanged_services_are_one_line(cli, cloud, kubia):
    lines = [
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: quiet-{n}}}\nspec: {{ports: [{{port: 80}}]}}\n"
        for n in range(300)
    ]
    (kubia / "many.yaml").write_text("---\n".join(lines))
    result = cli("plan", "-f", kubia)
    assert "and 300 more (--verbose says why)" in result.stdout
    assert len(result.stdout.splitlines()) < 50


def test_without_manifests_and_without_a_cluster_the_message_names_both(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    result = cli("plan")
    assert result.exit_code == 1
    assert "no usable connection to a cluster" in result.stderr
    assert "--kubeconfig" in result.stderr


def test_manifests_and_a_context_are_two_sources(cli, kubia):
    result = cli("plan", "-f", kubia, "--context", "prod")
    assert result.exit_code == 64
    assert "choose one" in result.stderr
