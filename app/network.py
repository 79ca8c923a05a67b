"""What the network calls this machine: said in the terminal and on `/status`, and let in by the guard."""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from app.settings import Settings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_EVERY_ADDRESS = {"0.0.0.0", "::", ""}
_HOST_NAME = re.compile(r"[a-z0-9_-]+")


def listens_everywhere(settings: Settings) -> bool:
    return settings.host in _EVERY_ADDRESS


def is_open_to_others(settings: Settings) -> bool:
    """Whether other machines can come in, by the network or through a proxy."""
    return bool(settings.public_address) or listens_to_network(settings)


def listens_to_network(settings: Settings) -> bool:
    return not _is_loopback(settings.host)


def own_address(settings: Settings) -> str:
    """Where a browser on this machine finds the site."""
    host = "127.0.0.1" if listens_everywhere(settings) else settings.host
    return _address(bracketed(host), settings.port)


def class_addresses(settings: Settings) -> list[str]:
    """Where the class finds this site, the best first; of one closed to the network, its own address."""
    public = [settings.public_address] if settings.public_address else []
    if listens_everywhere(settings):
        hosts = [*lan_addresses(), *local_names()]
        return public + [_address(host, settings.port) for host in hosts]
    return public or [own_address(settings)]


def beyond_this_machine(addresses: list[str]) -> list[str]:
    """Those that lead here from another machine, too."""
    return [each for each in addresses if bracketed(urlsplit(each).hostname or "") not in LOOPBACK]


def bracketed(host: str) -> str:
    """As it stands in an address: IPv6 between brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def lan_addresses() -> list[str]:
    """This machine's IPv4 addresses on its networks, the one that leads out first."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # TEST-NET-1, RFC 5737: an address that no machine has; connecting a datagram socket sends nothing
            probe.connect(("192.0.2.1", 9))
            found.append(str(probe.getsockname()[0]))
        except OSError:
            pass
    try:
        found += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    except OSError:
        pass
    return [address for address in dict.fromkeys(found) if not address.startswith("127.")]


def local_names() -> list[str]:
    """What machines nearby call this one without a server of names (RFC 6762), where it has a name at all."""
    name = socket.gethostname().lower().split(".")[0]
    return [f"{name}.local"] if _HOST_NAME.fullmatch(name) and name != "localhost" else []


def _address(host: str, port: int) -> str:
    return f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
