"""How a connection to Asterisk's manager becomes a session: who we are, and what we may do.

The secret never crosses a network in the clear. Over TLS it is sent as it is; otherwise Asterisk
is asked for a challenge, and gets the MD5 of challenge and secret. An Asterisk that refuses
challenges (``authtype = plain``) gets the secret itself only on this machine's loopback.

Source: Asterisk's actions ``Challenge``, ``Login``, ``CoreSettings``, ``ListCommands`` and its
event ``FullyBooted``, which a session without events, or without ``read = system``, never gets.
"""

import asyncio
import hashlib

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_facts import ExchangeFacts, read_facts
from opendeep.call_processor_service.ami_link import (
    AmiConfig,
    AmiLink,
    AmiUnavailableError,
    LoginRefusedError,
)
from opendeep.call_processor_service.ami_protocol import AmiMessage

_NO_EVENTS = "off"


async def log_in(link: AmiLink, config: AmiConfig) -> ExchangeFacts:
    """Log in, wait for Asterisk to have booted, and learn what it is.

    Raises:
        LoginRefusedError: user name, secret or our address was refused, or the secret would have
            to cross a network in the clear.
        AmiUnavailableError: the connection ended or gave no answer in time.
    """
    try:
        async with asyncio.timeout(config.connect_seconds):
            await link.greeting()
            response = await _authenticate(link, config)
    except TimeoutError as error:
        raise AmiUnavailableError("The telephone exchange did not answer the login.") from error
    except AmiUnavailableError as error:
        if not link.is_lost:
            raise
        raise AmiUnavailableError("The telephone exchange broke off the login.") from error
    if not response.is_success:
        raise LoginRefusedError(
            "The telephone exchange refused the login; check ASTERISK_AMI_USERNAME, "
            "ASTERISK_AMI_SECRET and manager.conf's permit lines."
        )
    booted = config.events == _NO_EVENTS or await link.fully_booted(config.boot_seconds)
    return read_facts(
        await _answer(link, AmiAction.core_settings()),
        await _answer(link, AmiAction.list_commands()),
        booted=booted,
    )


async def _authenticate(link: AmiLink, config: AmiConfig) -> AmiMessage:
    """Return the answer to the safest Login that Asterisk allows."""
    if not config.tls:
        [offer] = await link.request(AmiAction.challenge())
        challenge = offer.get("Challenge")
        if offer.is_success and challenge:
            text = f"{challenge}{config.secret}".encode()
            key = hashlib.md5(text, usedforsecurity=False).hexdigest()
            login = AmiAction.login_md5(config.username, key, events=config.events)
            return (await link.request(login))[0]
        if not link.is_private:
            raise LoginRefusedError(
                "The telephone exchange refuses MD5 logins, and the secret is not sent in the "
                "clear over a network: set ASTERISK_AMI_TLS=true (manager.conf: tlsenable), or "
                "remove 'authtype = plain' there."
            )
    login = AmiAction.login(config.username, config.secret, events=config.events)
    return (await link.request(login))[0]


async def _answer(link: AmiLink, action: AmiAction) -> AmiMessage | None:
    """Ask for a fact; an exchange that does not answer is told apart from one that is gone."""
    try:
        return (await link.request(action))[0]
    except AmiUnavailableError:
        if link.is_lost:
            raise
        return None
