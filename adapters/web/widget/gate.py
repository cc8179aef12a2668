"""Which websites may speak to the widget's endpoints: by the origin that browsers tell, and by the
public token that belongs to it. What is refused is refused before anything of it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.web.failures import BROKEN

PATH = "/api/widget/"
TOKEN_HEADER = "x-widget-token"  # noqa: S105 - a header's name
_TAKEN = f"content-type, {TOKEN_HEADER}, idempotency-key"
_PREFLIGHT_S = 600
_NOT_LISTED = (
    "This website may not ask here. Whoever runs this server lists its origin under [widget] "
    "tokens in wellspoken.toml."
)
_NOT_KNOWN = (
    "This token is not known here, or belongs to another website. Copy the data-token anew from "
    "[widget] tokens in wellspoken.toml."
)


@dataclass(frozen=True, slots=True)
class Widget:
    """How the widget looks and speaks, and the origins that each public token may be used from."""

    tokens: Mapping[str, tuple[str, ...]]
    title: str = ""
    greeting: str = ""
    colour: str = "#2b6150"
    language: str = "en"
    words: Mapping[str, str] = field(default_factory=dict)
    origins: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        every = frozenset(origin for origins in self.tokens.values() for origin in origins)
        object.__setattr__(self, "origins", every)

    def takes(self, token: str, origin: str) -> bool:
        """Whether pages of an origin may use a token."""
        return origin in self.tokens.get(token, ())


class WidgetGate:
    """CORS for exactly the origins that are listed, with no credentials, on the widget's addresses;
    everything else passes untouched."""

    def __init__(self, app: ASGIApp, widget: Widget | None) -> None:
        self._app = app
        self._widget = widget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        widget = self._widget
        if widget is None or scope["type"] != "http" or not scope["path"].startswith(PATH):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        listed = origin in widget.origins

        begun = False

        async def with_origin(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                told.add_vary_header("Origin")
                if listed:
                    told["access-control-allow-origin"] = origin
                    told["access-control-expose-headers"] = "retry-after"
            await send(message)

        refused = _refused(widget, scope["method"], headers, origin)
        try:
            await (refused or self._app)(scope, receive, with_origin)
        except Exception:
            # The server's own answer to a fault stands outside of here: no page could read it.
            if not begun:
                told = JSONResponse({"error": BROKEN}, HTTPStatus.INTERNAL_SERVER_ERROR)
                await told(scope, receive, with_origin)
            raise


def _refused(widget: Widget, method: str, headers: Headers, origin: str) -> Response | None:
    """What is answered without asking the application; ``None`` where it is asked."""
    if origin not in widget.origins:
        return JSONResponse({"error": _NOT_LISTED}, HTTPStatus.FORBIDDEN)
    if method == "OPTIONS":
        return Response(
            status_code=HTTPStatus.NO_CONTENT,
            headers={
                "access-control-allow-methods": "POST",
                "access-control-allow-headers": _TAKEN,
                "access-control-max-age": str(_PREFLIGHT_S),
            },
        )
    if not widget.takes(headers.get(TOKEN_HEADER, ""), origin):
        return JSONResponse({"error": _NOT_KNOWN}, HTTPStatus.FORBIDDEN)
    return None
