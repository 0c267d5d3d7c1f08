"""Counts requests by route, never by path: paths carry ids."""

from prometheus_client import CollectorRegistry, Counter, Gauge
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class RequestMetrics:
    """ASGI middleware that counts HTTP replies and open WebSockets."""

    def __init__(self, app: ASGIApp, *, registry: CollectorRegistry) -> None:
        self._app = app
        self._replies = Counter(
            "opendeep_http_replies",
            "HTTP replies by route and status",
            ["method", "route", "status"],
            registry=registry,
        )
        self._sockets = Gauge(
            "opendeep_websockets_open", "WebSockets that are open", registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection and count it."""
        if scope["type"] == "http":
            await self._app(scope, receive, self._counting(scope, send))
        elif scope["type"] == "websocket":
            with self._sockets.track_inprogress():
                await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _counting(self, scope: Scope, send: Send) -> Send:
        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                self._replies.labels(scope["method"], route, str(message["status"])).inc()
            await send(message)

        return send_counted
