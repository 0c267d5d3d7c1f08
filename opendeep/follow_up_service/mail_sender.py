"""Sends e-mail through the installation's own server; off until one is configured."""

import asyncio
import re
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal

from opendeep.common.errors import UnavailableError

_SECONDS = 20.0
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def address_fault(address: str) -> str | None:
    """Return why an e-mail address is refused; None if it is good."""
    good = len(address) <= 254 and _ADDRESS.fullmatch(address)  # noqa: PLR2004 - RFC 5321
    return None if good else "This is no e-mail address."


@dataclass(frozen=True, slots=True, kw_only=True)
class MailConfig:
    """The server; ``security`` is how the connection is encrypted."""

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: str = ""
    sender: str = ""


class MailSender:
    """Sends one message a connection, in a thread."""

    def __init__(self, config: MailConfig) -> None:
        self._config = config

    async def send(self, to: str, subject: str, text: str, *, message_id: str) -> None:
        """Send a message.

        Raises:
            UnavailableError: the server is away or refused it.
        """
        message = EmailMessage()
        message["From"] = self._config.sender
        message["To"] = to
        message["Subject"] = " ".join(subject.split())
        message["Message-ID"] = f"<{message_id}@opendeep.invalid>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        try:
            await asyncio.to_thread(self._send, message)
        except (OSError, smtplib.SMTPException) as error:
            raise UnavailableError("The mail server did not take the message.") from error

    def _send(self, message: EmailMessage) -> None:
        config = self._config
        context = ssl.create_default_context()
        if config.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                config.host, config.port, timeout=_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(config.host, config.port, timeout=_SECONDS)
        with server:
            if config.security == "starttls":
                server.starttls(context=context)
            if config.username:
                server.login(config.username, config.password)
            server.send_message(message)
