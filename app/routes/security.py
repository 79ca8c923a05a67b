"""What protects a class from other web sites and oversized requests, as plain ASGI middleware.

Hosts: only names this server was started for, or a page elsewhere could point its own name here (DNS
rebinding). Origins: only this site's own pages may post; tools that send no Origin, such as curl, may too.
"""

import asyncio
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.network import LOOPBACK, bracketed, class_addresses, own_address
from app.routes.errors import error_response
from app.settings import Settings

MAX_BODY_BYTES = 3 * 2**19  # 1.5 MiB: the longest text allowed, and room for the JSON around it
MAX_HEADERS = 100
MAX_HEADER_BYTES = 32_768  # the address counts too
_DRAINED_BYTES = 8 * 2**20
_DRAIN_SECONDS = 2.0
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_HOST_HEADER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]/@\s]+)(?::\d{1,5})?")


def content_security_policy(script_source: str) -> str:
    """Scripts from here, and the one inline import map, named by its hash; nothing else runs."""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {script_source}",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "require-trusted-types-for 'script'",
            "trusted-types lit-html",
        )
    )


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """The names a browser may call this server by: this machine's own, and those printed at start."""
    printed = (own_address(settings), *class_addresses(settings))
    return LOOPBACK | {bracketed(urlsplit(address).hostname or "") for address in printed}


class SecurityHeaders:
    """On every response, errors and static files included."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_secured)


class Guard:
    """Refuses foreign hosts, cross-origin writes and bodies that are too large, before anything is read.

    `public_address` is this site, too: a proxy may pass a request on under a host name of its own.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str],
        public_address: str = "",
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self.app = app
        self.hosts = hosts
        self.public_address = public_address
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, self._limited(receive), send)
            return
        if refusal.status_code == 413:
            await _drain(receive)
        await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = _HOST_HEADER.fullmatch(headers.get("host", ""))
        if _header_bytes(scope) > MAX_HEADER_BYTES or len(scope["headers"]) > MAX_HEADERS:
            return error_response(431, "headers_too_large", "the address or the headers are too long")
        if host is None or host[1].lower() not in self.hosts:
            return error_response(400, "wrong_host", "this server does not answer to that host name")
        if scope["method"] not in _SAFE_METHODS and _is_cross_origin(headers, self.public_address):
            return error_response(403, "cross_origin", "only this site's own pages may post here")
        if _content_length(headers) > self.max_body_bytes:
            sentence = "the request body is too large; at most {limit} bytes are read"
            return error_response(413, "body_too_large", sentence, values={"limit": self.max_body_bytes})
        return None

    def _limited(self, receive: Receive) -> Receive:
        """Counts a body sent in chunks, which names no length beforehand."""
        total = 0

        async def receive_limited() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self.max_body_bytes:
                if message.get("more_body"):
                    await _drain(receive)
                raise HTTPException(413)
            return message

        return receive_limited


def _is_cross_origin(headers: Headers, public_address: str) -> bool:
    """After Filippo Valsorda, "Cross-Site Request Forgery" (2025): what the browser says of a request."""
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return True
    origin = headers.get("origin")
    own = headers["host"].lower()
    return origin is not None and origin.lower() not in {f"http://{own}", f"https://{own}", public_address}


def _header_bytes(scope: Scope) -> int:
    address = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    return address + sum(len(name) + len(value) for name, value in scope["headers"])


def _content_length(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() and len(length) < 20 else 0


async def _drain(receive: Receive) -> None:
    """Reads on for a moment without keeping anything, so that the client sees the refusal, not a reset."""
    read = 0
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while read < _DRAINED_BYTES:
                message = await receive()
                read += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return
