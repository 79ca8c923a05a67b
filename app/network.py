"""What the network calls this machine: said in the terminal, and let in by the guard of host names."""

import socket


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
