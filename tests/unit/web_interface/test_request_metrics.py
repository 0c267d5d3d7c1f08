"""Counting replies and open WebSockets."""

from prometheus_client import CollectorRegistry
from starlette.types import Message, Receive, Scope, Send

from opendeep.web_interface.request_metrics import RequestMetrics
from tests.unit.web_interface.fakes import World
from tests.unit.web_interface.socket_client import connected


async def test_open_sockets_are_counted_while_they_are_open(world: World) -> None:
    """The gauge follows the connections."""
    registry = world.services.registry
    async with connected(world.app, "/ws/events"):
        assert registry.get_sample_value("opendeep_websockets_open") == 1
    assert registry.get_sample_value("opendeep_websockets_open") == 0


async def test_lifespan_is_not_counted() -> None:
    """The server's own messages pass through."""
    registry = CollectorRegistry()
    seen: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        return {}

    async def send(_message: Message) -> None:
        return

    await RequestMetrics(app, registry=registry)({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]
    assert registry.get_sample_value("opendeep_websockets_open") == 0
