"""The pytest plugin, as the tests of a user's own repository see it."""

from pathlib import Path

import pytest

pytest_plugins = ("pytester",)

MANIFESTS = Path(__file__).parents[3] / "examples" / "kubia"


@pytest.fixture(autouse=True)
def provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both providers are installed here: manifests without nodes mean this one."""
    monkeypatch.setenv("CLOUDLB_PROVIDER", "aws")


def test_manifests_are_provisioned_and_looked_at(provision):
    kubia = provision(MANIFESTS)

    assert not kubia.errors
    assert not kubia.problems
    assert kubia.ports("default", "kubia-loadbalancer") == (80,)
    (address,) = kubia.addresses("default", "kubia-loadbalancer")
    assert address.endswith(".elb.eu-west-1.amazonaws.com")
    (group,) = kubia.resources("default", "kubia-local", "target-group")
    assert (group.health_check.protocol, group.health_check.path) == ("HTTP", "/healthz")
    assert kubia.resources("default", "kubia-nodeport", "target-group") == ()


def test_each_call_provisions_on_a_cloud_of_its_own(provision):
    first, second = provision(MANIFESTS), provision(MANIFESTS)

    assert first.ports("default", "kubia-local") == second.ports("default", "kubia-local") == (80,)
    assert not second.errors


def test_the_emulated_cloud_can_be_asked_by_the_sdk(emulated_cloud, offline_cluster):
    boto3 = pytest.importorskip("boto3")
    cluster = offline_cluster(MANIFESTS)
    elbv2 = boto3.client("elbv2", endpoint_url=emulated_cloud.endpoint_url)
    assert elbv2.describe_load_balancers()["LoadBalancers"] == []

    emulated_cloud.provision(cluster)

    names = {each["Scheme"] for each in elbv2.describe_load_balancers()["LoadBalancers"]}
    assert names == {"internet-facing"}
    assert "CreateLoadBalancer" in {call.operation for call in emulated_cloud.calls}


def test_a_problem_names_the_annotation(provision, tmp_path):
    (tmp_path / "shop.yaml").write_text(
        """
apiVersion: v1
kind: Service
metadata:
  name: shop
  annotations:
    service.beta.kubernetes.io/aws-load-balancer-schem: internal
spec:
  type: LoadBalancer
  selector: {app: shop}
  ports: [{port: 80}]
"""
    )

    shop = provision(MANIFESTS / "01-nodes.yaml", tmp_path)

    (problem,) = shop.problems
    assert "aws-load-balancer-schem" in problem.path
    assert "aws-load-balancer-scheme" in problem.remedy + problem.message


def test_what_an_api_server_would_refuse_fails_the_test(offline_cluster, tmp_path):
    (tmp_path / "bad.yaml").write_text(
        "{apiVersion: v1, kind: Service, metadata: {name: bad}, spec: {ports: [{port: 70000}]}}"
    )

    with pytest.raises(AssertionError, match="70000"):
        offline_cluster(tmp_path)


def test_the_plugin_serves_a_repository_of_its_own(pytester: pytest.Pytester):
    pytester.makepyfile(
        f"""
        def test_kubia(provision):
            kubia = provision({str(MANIFESTS)!r})
            assert kubia.ports("default", "kubia-loadbalancer") == (80,)
        """
    )

    pytester.runpytest_subprocess("--cloudlb-provider", "aws").assert_outcomes(passed=1)


def test_a_provider_that_is_not_installed_is_named(pytester: pytest.Pytester):
    pytester.makepyfile("def test_it(emulated_cloud): pass")

    result = pytester.runpytest_subprocess("--cloudlb-provider", "nowhere")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no provider 'nowhere' is installed*"])


def test_the_nodes_of_the_manifests_say_whose_cloud_is_emulated(provision, monkeypatch):
    monkeypatch.delenv("CLOUDLB_PROVIDER")
    kubia = provision(MANIFESTS.parent / "gke", MANIFESTS / "08-loadbalancer.yaml")

    assert not kubia.errors
    (address,) = kubia.addresses("default", "kubia-loadbalancer")
    assert address.startswith("198.18.")
    (rule,) = kubia.resources("default", "kubia-loadbalancer", "forwarding-rule")
    assert (rule.scheme, rule.protocol, rule.ports) == ("EXTERNAL", "TCP", "80")
