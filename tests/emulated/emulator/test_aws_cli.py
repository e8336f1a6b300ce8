"""An independent witness: the `aws` command line works against the emulator."""

import json
import os
import shutil
import subprocess
from typing import Any

import pytest

from cloudlb_aws.emulator import Emulator, SeededWorld

pytestmark = pytest.mark.skipif(
    shutil.which("aws") is None, reason="the aws command line is not here"
)


def aws(emulator: Emulator, *arguments: Any) -> Any:
    done = subprocess.run(
        ["aws", *arguments, "--output", "json"],  # noqa: S607  (wherever the user has it)
        env={**os.environ, **emulator.environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_it_lists_load_balancers_target_health_and_security_groups(
    emulator: Emulator, make: Any, elb: Any
) -> None:
    front = make.security_group()
    balancer, group = make.balancer_arn(SecurityGroups=[front]), make.target_group_arn()
    make.listener(balancer, group)
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": make.world.instances[0]}])

    (shown,) = aws(emulator, "elbv2", "describe-load-balancers")["LoadBalancers"]
    (health,) = aws(emulator, "elbv2", "describe-target-health", "--target-group-arn", group)[
        "TargetHealthDescriptions"
    ]
    (found,) = aws(emulator, "ec2", "describe-security-groups", "--group-ids", front)[
        "SecurityGroups"
    ]

    assert (shown["LoadBalancerArn"], shown["State"]["Code"]) == (balancer, "active")
    assert health["TargetHealth"]["State"] == "healthy"
    assert found["GroupName"] == "front"


def test_it_shows_a_refusal_with_awss_own_code(emulator: Emulator, world: SeededWorld) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        aws(emulator, "elbv2", "describe-load-balancers", "--names", "nobody")

    assert "(LoadBalancerNotFound)" in caught.value.stderr
