"""What the network calls this machine: said in the terminal, and let in by the guard of host names."""

import socket

from app.settings import Settings

_EVERY_ADDRESS = {"0.0.0.0", "::"}


def listens_everywhere(settings: Settings) -> bool:
    return settings.host in _EVERY_ADDRESS


def class_addresses(settings: Settings) -> list[str]:
    """Where the class finds this site, the best first; of one closed to the network, its own address."""
    hosts = lan_addresses() if listens_everywhere(settings) else [settings.host]
    public = [settings.public_address] if settings.public_address else []
    return public + [f"http://{bracketed(host)}:{settings.port}" for host in hosts]


def bracketed(host: str) -> str:
    """As it stands in an address: IPv6 between brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def lan_addresses() -> list[str]:
    """This machine's IPv4 addresses on its networks, the one that leads out first."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # TEST-NET-1, RFC 5737: an address nobody has; connecting a datagram socket sends nothing
            probe.connect(("192.0.2.1", 9))
            found.append(str(probe.getsockname()[0]))
        except OSError:
            pass
    try:
        found += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    except OSError:
        pass
    return [address for address in dict.fromkeys(found) if not address.startswith("127.")]
