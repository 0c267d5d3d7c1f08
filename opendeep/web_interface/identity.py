"""Who asks: the user of a request or WebSocket, and the services of the application.

In local mode (loopback only) there is no password: the header ``X-OpenDeep-User`` picks the user;
a page, which cannot set headers on a WebSocket or an ``<audio>`` element, uses ``?user=`` (for
WebSockets) or the cookie ``opendeep_user``. Without any of them it is "default".
"""

from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import Depends
from starlette.requests import HTTPConnection

from opendeep.common.errors import InvalidInputError
from opendeep.common.ids import UserId
from opendeep.database.engine import Database
from opendeep.database.repositories.system_users import SystemUsers
from opendeep.web_interface.ports import WebServices
from opendeep.web_interface.web_config import WebConfig

USER_HEADER: Final = "x-opendeep-user"
USER_COOKIE: Final = "opendeep_user"
DEFAULT_USER: Final = "default"

_NAME_LIMIT = 64
_REMEMBERED = 1000


def web_services(connection: HTTPConnection) -> WebServices:
    """Return the services that the application was made with."""
    services: WebServices = connection.app.state.services
    return services


def web_config(connection: HTTPConnection) -> WebConfig:
    """Return the configuration that the application was made with."""
    config: WebConfig = connection.app.state.config
    return config


Services = Annotated[WebServices, Depends(web_services)]
Config = Annotated[WebConfig, Depends(web_config)]


def clean_username(name: str) -> str:
    """Return a username without outer space.

    Raises:
        InvalidInputError: it is empty, longer than 64 characters or holds control characters.
    """
    cleaned = name.strip()
    if not cleaned or len(cleaned) > _NAME_LIMIT or not cleaned.isprintable():
        raise InvalidInputError(
            "A username has 1 to 64 printable characters.", code="invalid_username"
        )
    return cleaned


class LocalUsers:
    """Names to ids; accounts come into being when they are first named."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, UserId] = {}

    async def id_of(self, name: str) -> UserId:
        """Return the id of the account of this name.

        Raises:
            InvalidInputError: it cannot be a username.
        """
        username = clean_username(name)
        if (known := self._known.get(username)) is not None:
            return known
        async with self._database.transaction() as tx:
            user = await SystemUsers(tx).ensure(username)
        if len(self._known) < _REMEMBERED:
            self._known[username] = user.id
        return user.id


def local_users(connection: HTTPConnection) -> LocalUsers:
    """Return the application's accounts."""
    users: LocalUsers = connection.app.state.users
    return users


Users = Annotated[LocalUsers, Depends(local_users)]


def named_user(connection: HTTPConnection) -> str:
    """Return the username that a connection names; see the module's text for the order."""
    query = connection.query_params.get("user") if connection.scope["type"] == "websocket" else None
    header = connection.headers.get(USER_HEADER)
    # Header values are Latin-1 on the wire; names beyond that come percent-encoded, as in cookies.
    cookie = connection.cookies.get(USER_COOKIE)
    encoded = header or query or cookie
    return unquote(encoded) if encoded else DEFAULT_USER


async def current_user(connection: HTTPConnection, users: Users) -> UserId:
    """Return the id of the user who asks."""
    return await users.id_of(named_user(connection))


CurrentUser = Annotated[UserId, Depends(current_user)]
