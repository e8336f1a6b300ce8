"""Which listeners speak TLS, and with what."""

from cloudlb.model import Listener, Protocol
from cloudlb_aws.design.work import Work, annotation

NO_ALPN = "None"


def tls_ports(work: Work) -> frozenset[int]:
    """Return the numbers of the ports whose listeners speak TLS. Notes what does not go together."""
    options, listeners = work.options, work.load_balancer.listeners
    if not options.certificates:
        if options.ssl_ports:
            work.warn(
                annotation("ssl-ports"),
                "does nothing without a certificate",
                f"name one in {annotation('ssl-cert')}, or remove the annotation",
                reason="NoCertificate",
            )
        return frozenset()
    if not options.ssl_ports or "*" in options.ssl_ports:
        return frozenset(each.port for each in listeners if each.protocol is Protocol.TCP)
    chosen: set[int] = set()
    for word in options.ssl_ports:
        chosen.update(_encrypted(work, word))
    return frozenset(chosen)


def _encrypted(work: Work, word: str) -> frozenset[int]:
    found = ports_called(word, work.load_balancer.listeners)
    if not found:
        work.error(
            annotation("ssl-ports"),
            f"{word!r} is no port of this Service ({_ports(work)})",
            "name ports by number or name, or use * for all",
            reason="UnusedPort",
        )
    for each in found:
        if each.protocol is not Protocol.TCP:
            work.error(
                annotation("ssl-ports"),
                f"port {each.port} is {each.protocol}, and TLS needs TCP",
                "remove it from the annotation, or make it a TCP port of its own number",
                reason="TlsNeedsTcp",
            )
    return frozenset(each.port for each in found if each.protocol is Protocol.TCP)


def ports_called(word: str, listeners: tuple[Listener, ...]) -> tuple[Listener, ...]:
    """Find listeners by their port's number or name."""
    return tuple(each for each in listeners if word in (str(each.port), each.name))


def _ports(work: Work) -> str:
    return ", ".join(f"{each.port} {each.name}".strip() for each in work.load_balancer.listeners)


def check_alpn(work: Work, encrypted: frozenset[int]) -> None:
    """Warn about an ALPN policy that has nothing to work on: AWS wants TLS on both sides."""
    options = work.options
    if options.alpn == NO_ALPN or (encrypted and options.backend_protocol == "ssl"):
        return
    work.warn(
        annotation("alpn-policy"),
        "does nothing unless listeners and targets both speak TLS",
        f"set {annotation('ssl-cert')} and {annotation('backend-protocol')}: ssl",
        reason="AlpnNeedsTls",
    )
