"""What AWS's refusals become, and what a missing answer, region or identity becomes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloudlb.errors import (
    CloudError,
    Conflict,
    Denied,
    NotFound,
    NotReady,
    QuotaExceeded,
    Rejected,
    Throttled,
    Transient,
    UsageError,
)
from cloudlb.provider import CloudSettings
from cloudlb.testing.faults import Fault, FaultKind
from cloudlb_aws.cloud import connect
from cloudlb_aws.errors import Refusal, error_of
from cloudlb_aws.session import Session, region_of_zone

REFUSAL = Refusal(
    service="elbv2", operation="CreateLoadBalancer", code="", message="no", status=400
)
SETTINGS = CloudSettings(cluster="c")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Throttling", Throttled),
        ("RequestLimitExceeded", Throttled),
        ("ThrottledException", Throttled),
        ("InternalFailure", Transient),
        ("ServiceUnavailable", Transient),
        ("LoadBalancerNotFound", NotFound),
        ("InvalidGroup.NotFound", NotFound),
        ("InvalidSecurityGroupRuleId.NotFound", NotFound),
        ("CertificateNotFound", Rejected),
        ("AllocationIdNotFound", Rejected),
        ("DuplicateLoadBalancerName", Conflict),
        ("InvalidPermission.Duplicate", Conflict),
        ("ResourceInUse", NotReady),
        ("DependencyViolation", NotReady),
        ("TooManyTargetGroups", QuotaExceeded),
        ("RulesPerSecurityGroupLimitExceeded", QuotaExceeded),
        ("AddressLimitExceeded", QuotaExceeded),
        ("AccessDenied", Denied),
        ("UnauthorizedOperation", Denied),
        ("ExpiredToken", Denied),
        ("ValidationError", Rejected),
        ("InvalidConfigurationRequest", Rejected),
        ("SomethingNobodyHasSeen", Rejected),
    ],
)
def test_a_code_is_sorted_by_what_to_do_next(code: str, kind: type[CloudError]) -> None:
    error = error_of(replace(REFUSAL, code=code))

    assert type(error) is kind
    assert error.operation == "CreateLoadBalancer"
    assert error.code == code
    assert "CreateLoadBalancer: no" in str(error)


def test_any_code_with_a_server_error_passes() -> None:
    assert isinstance(error_of(replace(REFUSAL, code="Odd", status=503)), Transient)


def test_a_missing_permission_is_named_as_iam_names_it() -> None:
    error = error_of(replace(REFUSAL, code="AccessDenied"))

    assert "elasticloadbalancing:CreateLoadBalancer" in str(error)


def test_the_permission_that_aws_names_itself_is_the_one_to_allow() -> None:
    message = "User: arn:aws:iam::1:user/x is not authorized to perform: elasticloadbalancing:AddTags on resource: *"
    error = error_of(replace(REFUSAL, code="AccessDenied", message=message))

    assert "allow the action elasticloadbalancing:AddTags" in str(error)


def test_what_only_aws_can_decode_is_left_out_of_the_message() -> None:
    message = "You are not authorized to perform this operation. Encoded authorization failure message: 9xK2fQ"
    error = error_of(
        replace(
            REFUSAL,
            service="ec2",
            operation="CreateSecurityGroup",
            code="UnauthorizedOperation",
            message=message,
        )
    )

    assert "9xK2fQ" not in str(error)
    assert "ec2:CreateSecurityGroup" in str(error)


def test_a_quota_is_called_what_service_quotas_calls_it() -> None:
    error = error_of(replace(REFUSAL, code="RulesPerSecurityGroupLimitExceeded"))

    assert "Inbound or outbound rules per security group" in str(error)


def test_a_throttle_carries_the_servers_own_wait(bed: Any) -> None:
    bed.emulator.faults.arm(Fault(kind=FaultKind.THROTTLE, retry_after=7))

    with pytest.raises(Throttled) as raised:
        bed.cloud.sweep()

    assert raised.value.after == 7.0


def test_the_sdk_does_not_retry(bed: Any) -> None:
    bed.emulator.faults.arm(Fault(kind=FaultKind.THROTTLE, times=9))

    with pytest.raises(Throttled) as raised:
        bed.cloud.sweep()

    assert raised.value.after is None
    assert bed.emulator.recorder.count() == 1


@pytest.mark.parametrize(
    "kind", [FaultKind.ERROR, FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER], ids=str
)
def test_a_call_without_a_good_answer_may_be_tried_again(bed: Any, kind: FaultKind) -> None:
    bed.emulator.faults.arm(Fault(kind=kind))

    with pytest.raises(Transient, match="GetResources"):
        bed.cloud.sweep()

    assert bed.cloud.sweep().entries == ()


def test_an_endpoint_that_nobody_listens_at_is_named(bed: Any) -> None:
    bed.emulator.stop()

    with pytest.raises(Transient, match=r"127\.0\.0\.1"):
        bed.cloud.sweep()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without any AWS configuration."""
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def test_missing_credentials_are_a_mistake_of_usage_with_a_remedy(nowhere: None) -> None:
    with pytest.raises(UsageError, match="AWS_PROFILE"):
        connect(SETTINGS)


def test_a_profile_that_does_not_exist_is_named(
    nowhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(UsageError, match="nobody"):
        connect(SETTINGS)


def test_without_a_region_nothing_is_called_and_the_remedy_is_told(
    nowhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")

    with pytest.raises(UsageError, match="--region"):
        connect(SETTINGS).sweep()


def test_the_region_comes_from_settings_then_nodes_then_the_environment(
    nowhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    told, seen = Session(replace(SETTINGS, region="us-east-1")), Session(SETTINGS)
    told.suggest_region("eu-west-1")
    seen.suggest_region("eu-west-1")

    assert told.region == "us-east-1"
    assert seen.region == "eu-west-1"
    assert Session(SETTINGS).region == "eu-north-1"


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("eu-west-1a", "eu-west-1"),
        ("us-gov-west-1b", "us-gov-west-1"),
        ("us-west-2-lax-1a", "us-west-2"),
        ("us-east-1-wl1-bos-wlz-1", "us-east-1"),
        ("europe-west1-b", ""),
        ("", ""),
    ],
)
def test_a_zone_tells_its_region(zone: str, region: str) -> None:
    assert region_of_zone(zone) == region


def test_instance_metadata_is_never_asked(
    bed: Any, nowhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", bed.emulator.endpoint_url)
    calls = bed.emulator.recorder.count()

    with pytest.raises(UsageError):
        connect(SETTINGS)

    assert bed.emulator.recorder.count() == calls


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({"node_tags": ("web",)}, "node tags are not for AWS", id="node-tags"),
        pytest.param({"manage_firewall": False}, "--manage-firewall=false", id="no-firewall"),
    ],
)
def test_settings_that_would_do_nothing_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        connect(replace(SETTINGS, **settings))
