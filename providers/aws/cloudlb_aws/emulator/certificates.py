"""Certificates of listeners: they must exist, be issued, and not be too many."""

from cloudlb_aws.emulator import finding
from cloudlb_aws.emulator.context import Context, Reply, handles
from cloudlb_aws.emulator.errors import AwsError, validation
from cloudlb_aws.emulator.paging import elbv2_page

_MOST = 25
"""Certificates besides the default one (quota "Certificates per load balancer")."""


def check(context: Context, arn: str) -> None:
    """Refuse a certificate that a listener can not use."""
    found = context.account.acm._certificates.get(arn)  # noqa: SLF001  (its getter has side effects)
    if found is None:
        raise AwsError("CertificateNotFound", f"Certificate '{arn}' not found")
    if found.status != "ISSUED":
        message = f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported key size; it is {found.status}"
        raise AwsError("UnsupportedCertificate", message)


@handles("elbv2", "AddListenerCertificates")
def add(context: Context) -> Reply:
    """What is there already is no error."""
    listener = finding.listener(context, context.params["ListenerArn"])
    if not listener.certificate:
        raise validation("Certificates cannot be added to a listener without TLS")
    given = [each["CertificateArn"] for each in context.params.get("Certificates", [])]
    for arn in given:
        check(context, arn)
    merged = list(dict.fromkeys([*listener.certificates, *given]))
    if len(merged) - 1 > _MOST:
        message = f"You've reached the limit of {_MOST} certificates per load balancer"
        raise AwsError("TooManyCertificates", message)
    listener.certificates = merged
    return {"Certificates": [{"CertificateArn": arn, "IsDefault": False} for arn in given]}


@handles("elbv2", "RemoveListenerCertificates")
def remove(context: Context) -> Reply:
    """The default certificate stays."""
    listener = finding.listener(context, context.params["ListenerArn"])
    gone = {each["CertificateArn"] for each in context.params.get("Certificates", [])}
    if listener.certificate in gone:
        message = "The default certificate of a listener cannot be removed"
        raise AwsError("OperationNotPermitted", message)
    listener.certificates = [each for each in listener.certificates if each not in gone]
    return {}


@handles("elbv2", "DescribeListenerCertificates")
def describe(context: Context) -> Reply:
    """The default one is marked."""
    listener = finding.listener(context, context.params["ListenerArn"])
    page, marker = elbv2_page(context, listener.certificates)
    shown = [{"CertificateArn": arn, "IsDefault": arn == listener.certificate} for arn in page]
    return {"Certificates": shown, "NextMarker": marker}
