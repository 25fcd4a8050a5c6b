"""Keeps web pages out: a browser on this machine must not reach the emulator for another site.

Two attacks are refused. A page of another site posts to the emulator: its Origin header names that
site. A page rebinds its own host name to this machine: then the Host header holds that name.
Clients that are not browsers send no Origin header, so W&B's own addresses stay open to them under
any host name; the control addresses and the pages always check the Host header.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request

JSON_TYPE = "application/json"


class Guard:
    """Decides whether a request may be answered; ``hosts`` are further names of this server."""

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self._hosts = {"localhost", *hosts}

    def refusal_for_client(self, request: Request) -> str | None:
        """Why a request to W&B's own addresses is refused, or None."""
        return self._origin_refusal(request) if "origin" in request.headers else None

    def refusal_for_page(self, request: Request) -> str | None:
        """Why a page is not shown, or None."""
        if not _is_from_this_machine(request):
            return "only this machine may do this"
        return self._host_refusal(request) or self.refusal_for_client(request)

    def refusal_for_control(self, request: Request) -> str | None:
        """Why a request to a control address is refused, or None."""
        refusal = self.refusal_for_page(request)
        if refusal is None and request.method != "GET":
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != JSON_TYPE:
                return f"send this request with the header Content-Type: {JSON_TYPE}"
        return refusal

    def _origin_refusal(self, request: Request) -> str | None:
        own = f"{request.url.scheme}://{request.headers.get('host', '')}"
        if request.headers["origin"] != own:
            return "requests from pages of other web sites are refused"
        return self._host_refusal(request)

    def _host_refusal(self, request: Request) -> str | None:
        host = request.headers.get("host")
        if host is None or self._is_own(host):
            return None
        return f"this server is not {host!r}: use its IP address, or localhost"

    def _is_own(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            if name in self._hosts or name.endswith(".localhost"):
                return True
            ip_address(name.partition("%")[0])
        except ValueError:
            return False
        return True


def _is_from_this_machine(request: Request) -> bool:
    if request.client is None:
        return False
    address = ip_address(request.client.host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
