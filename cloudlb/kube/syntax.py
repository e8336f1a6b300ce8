"""The syntax of names, keys, addresses and ranges in the Kubernetes API, one function a form.

Each returns what is wrong as a phrase that begins with `must`, or an empty string.
Rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and the sections on labels and
annotations beside it.
"""

import ipaddress
import re

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LETTER_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_NAME_PART = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")
_PORT_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def dns_label(text: str) -> str:
    """Check an RFC 1123 label: namespaces, port names of a Service."""
    if _LABEL.fullmatch(text) and len(text) <= 63:
        return ""
    return (
        "must be a DNS label: lower-case letters, digits and '-', beginning and ending with a "
        "letter or digit, no more than 63 characters"
    )


def dns_letter_label(text: str) -> str:
    """Check an RFC 1035 label: names of Services."""
    if _LETTER_LABEL.fullmatch(text) and len(text) <= 63:
        return ""
    return (
        "must be a DNS-1035 label: lower-case letters, digits and '-', beginning with a letter, "
        "ending with a letter or digit, no more than 63 characters"
    )


def dns_subdomain(text: str) -> str:
    """Check an RFC 1123 subdomain: names of Nodes and EndpointSlices, host names."""
    if _SUBDOMAIN.fullmatch(text) and len(text) <= 253:
        return ""
    return (
        "must be a lower-case DNS name: labels of letters, digits and '-' joined by '.', "
        "no more than 253 characters"
    )


def qualified_name(text: str) -> str:
    """Check `[prefix/]name`: keys of labels and annotations, load balancer classes, application protocols."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        return "must have at most one '/', between a DNS prefix and a name"
    if slash and (fault := dns_subdomain(prefix)):
        return f"must have a valid prefix before the '/': it {fault}"
    if _NAME_PART.fullmatch(name) and len(name) <= 63:
        return ""
    return (
        "must have a name part of letters, digits, '-', '_' and '.', beginning and ending with a "
        "letter or digit, 1 to 63 characters"
    )


def label_value(text: str) -> str:
    """Check the value of a label."""
    if not text or (_NAME_PART.fullmatch(text) and len(text) <= 63):
        return ""
    return (
        "must be empty, or letters, digits, '-', '_' and '.', beginning and ending with a letter "
        "or digit, no more than 63 characters"
    )


def port_number(port: int) -> str:
    """Check a port number."""
    return "" if 1 <= port <= 65535 else "must be between 1 and 65535, inclusive"


def port_name(text: str) -> str:
    """Check the name of a container port (RFC 6335 service name)."""
    if _PORT_NAME.fullmatch(text) and len(text) <= 15 and re.search("[a-z]", text):
        return ""
    return (
        "must be a port name: lower-case letters, digits and single '-' inside, at least one "
        "letter, no more than 15 characters"
    )


def ip_address(text: str) -> str:
    """Check an IP address of either family."""
    return "" if parse_ip(text) else "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"


def parse_ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address, or None if the text is none. A zone (`fe80::1%eth0`) is none."""
    if "%" in text:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def cidr(text: str) -> str:
    """Check an address range. Bits right of the prefix are accepted, as the API server does."""
    fault = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    address, slash, length = text.partition("/")
    parsed = parse_ip(address)
    # The API takes a prefix length only, no netmask, and in plain digits.
    if parsed is None or not slash or not re.fullmatch("[0-9]{1,3}", length):
        return fault
    return "" if int(length) <= parsed.max_prefixlen else fault


def family(text: str) -> str:
    """Return `IPv4` or `IPv6` for an address. The text must be one."""
    return f"IPv{ipaddress.ip_address(text).version}"
