"""Single sign-on: a proxy that knows who a person is, and says so in a header."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from clem_icd.errors import InputError

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_NAME = re.compile(r"[^\W_](?:[\w .,'@\\+-]{0,98}[\w.])?")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class SignOn:
    """Which proxies are believed, and in which header they say who asks.

    Attributes
    ----------
    proxies
        Their networks.
    header
        The name of the header.

    """

    proxies: tuple[Network, ...]
    header: str

    @classmethod
    def of(cls, addresses: Collection[str], header: str | None) -> SignOn | None:
        """Return the proxies of some addresses; None if there are none.

        Parameters
        ----------
        addresses
            Addresses or networks, such as ``10.0.0.5`` or ``10.0.0.0/28``.
        header
            The name of the header.

        Raises
        ------
        InputError
            If an address is malformed, or only one of the two is given.

        """
        if not addresses and header is None:
            return None
        if not addresses or header is None or not _HEADER.fullmatch(header):
            raise InputError(
                "single sign-on needs the address of a proxy and the name of its header",
                remedy="Pass both --trusted-proxy ADDRESS and --user-header NAME",
            )
        try:
            return cls(tuple(ipaddress.ip_network(one) for one in addresses), header)
        except ValueError:
            raise InputError(
                "a trusted proxy is given by something that is not an address",
                remedy="Write it as 10.0.0.5 or 10.0.0.0/28",
            ) from None

    def trusts(self, connection: HTTPConnection) -> bool:
        """Return whether a request comes from one of the proxies."""
        try:
            address = ipaddress.ip_address(connection.client.host if connection.client else "")
        except ValueError:
            return False
        return any(address in network for network in self.proxies)

    def coder(self, connection: HTTPConnection) -> str | None:
        """Return who asks, as a trusted proxy says; None if it comes from elsewhere or nobody is named."""
        # Two headers of this name: one of them may be the client's own.
        names = connection.headers.getlist(self.header)
        if len(names) != 1 or not self.trusts(connection):
            return None
        return coder_name(_decoded(names[0]))


def _decoded(value: str) -> str:
    """Return a header in UTF-8, as proxies send names; HTTP itself has them in Latin-1."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def coder_name(text: str) -> str | None:
    """Return a text as the name of a coder, of up to 100 letters, digits and marks; None if it is not one."""
    name = " ".join(text.split())
    return name if _NAME.fullmatch(name) else None
