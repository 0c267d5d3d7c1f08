"""The web application: an ASGI app made of services that somebody else owns."""

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from opendeep.web_interface import routes_api, routes_ui
from opendeep.web_interface.error_handlers import install_error_handlers
from opendeep.web_interface.guards import RequestPolicy
from opendeep.web_interface.identity import LocalUsers
from opendeep.web_interface.middleware import RequestGuard
from opendeep.web_interface.ports import WebServices
from opendeep.web_interface.request_metrics import RequestMetrics
from opendeep.web_interface.ui.pages import PACKAGE_DIR
from opendeep.web_interface.web_config import WebConfig


def create_app(services: WebServices, config: WebConfig) -> FastAPI:
    """Make the application.

    It opens nothing and starts no task; the services must be open while it serves. The server
    should bound WebSocket messages to 64 KiB (uvicorn: ``ws_max_size``).

    Args:
        services: all that the routes talk to.
        config: names, limits and the notices of every page.
    """
    app = FastAPI(
        title="OpenDeep",
        version=config.version,
        openapi_url="/api/openapi.json",
        docs_url=None,  # they would load scripts from an outside host
        redoc_url=None,
    )
    app.state.services = services
    app.state.config = config
    app.state.users = LocalUsers(services.database)
    install_error_handlers(app)
    app.include_router(routes_api.router)
    app.include_router(routes_ui.router)
    app.mount("/static", StaticFiles(directory=PACKAGE_DIR / "static"), name="static")
    app.add_middleware(RequestMetrics, registry=services.registry)
    policy = RequestPolicy(host=config.host, allowed_origins=config.allowed_origins)
    app.add_middleware(RequestGuard, policy=policy, body_limit_bytes=config.body_limit_bytes)
    return app
