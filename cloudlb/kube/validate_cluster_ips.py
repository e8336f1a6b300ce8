"""Validation of a Service's cluster addresses and IP families as they are written."""

from collections.abc import Iterator

from cloudlb.kube import syntax
from cloudlb.kube.field_errors import FieldError, duplicate, invalid, required, unsupported
from cloudlb.kube.objects import Service

FAMILIES = ("IPv4", "IPv6")
FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")


def cluster_ip_errors(service: Service) -> Iterator[FieldError]:
    """Yield what is wrong with `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy`."""
    spec = service.spec
    if spec.type == "ExternalName":
        return
    if spec.cluster_ip and spec.cluster_ips[:1] != (spec.cluster_ip,):
        yield invalid(
            "spec.clusterIPs", list(spec.cluster_ips), "first value must match `clusterIP`"
        )
    if not spec.cluster_ip and spec.cluster_ips:
        yield invalid(
            "spec.clusterIPs",
            list(spec.cluster_ips),
            "must be empty when `clusterIP` is not specified",
            "set spec.clusterIP to its first value",
        )
    yield from _family_errors(service)
    yield from _address_errors(service)


def _family_errors(service: Service) -> Iterator[FieldError]:
    spec = service.spec
    for index, family in enumerate(spec.ip_families):
        path = f"spec.ipFamilies[{index}]"
        if family not in FAMILIES:
            yield unsupported(path, family, FAMILIES)
        elif family in spec.ip_families[:index]:
            yield duplicate(path, family)
    policy = spec.ip_family_policy
    if policy is not None and policy not in FAMILY_POLICIES:
        yield unsupported("spec.ipFamilyPolicy", policy, FAMILY_POLICIES)
    elif policy is None and service.headless and not spec.selector:
        return
    elif policy in (None, "SingleStack"):
        for name, values in (("IP families", spec.ip_families), ("cluster IPs", spec.cluster_ips)):
            if len(values) > 1:
                yield _needs_dual_stack(policy, name)


def _needs_dual_stack(policy: str | None, what: str) -> FieldError:
    detail = f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"
    if policy is None:
        return required("spec.ipFamilyPolicy", detail)
    return invalid("spec.ipFamilyPolicy", policy, detail)


def _address_errors(service: Service) -> Iterator[FieldError]:
    addresses = service.spec.cluster_ips
    if service.headless:
        if len(addresses) > 1:
            yield invalid(
                "spec.clusterIPs", list(addresses), "'None' must be the first and only value"
            )
        return
    faults = [
        invalid(f"spec.clusterIPs[{index}]", text, fault)
        for index, text in enumerate(addresses)
        if (fault := syntax.ip_address(text))
    ]
    yield from faults
    if len(addresses) > 2:
        yield invalid("spec.clusterIPs", list(addresses), "may only hold up to 2 values")
    if faults:
        return
    families = [syntax.family(text) for text in addresses]
    if len(set(families)) < len(families):
        yield invalid(
            "spec.clusterIPs",
            list(addresses),
            "may specify no more than one IP for each IP family",
        )
    pairs = zip(families, service.spec.ip_families, strict=False)
    for index, (actual, wanted) in enumerate(pairs):
        if actual != wanted:
            yield invalid(
                f"spec.clusterIPs[{index}]",
                addresses[index],
                f"expected an {wanted} value as indicated by `ipFamilies[{index}]`",
            )
