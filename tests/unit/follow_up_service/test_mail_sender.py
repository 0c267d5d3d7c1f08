"""E-mail against a real SMTP server in this process: what arrives, and what is never sent."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from opendeep.common.clock import SystemClock
from opendeep.common.errors import UnavailableError
from opendeep.follow_up_service.mail_sender import MailConfig, MailSender

HOST = "localhost"


@dataclass
class Postbox:
    """What the server took."""

    letters: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a letter."""
        if self.refuses:
            return "550 Not here."
        content = envelope.original_content or b""
        letter = message_from_bytes(content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.to += envelope.rcpt_tos
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a certificate of ``localhost`` that vouches for itself; return it and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return public, private


@asynccontextmanager
async def serving(
    postbox: Postbox, certificate: tuple[Path, Path] | None = None, *, implicit: bool = False
) -> AsyncIterator[MailConfig]:
    """Serve SMTP; yield how to reach it, without encryption."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)

    def session() -> SMTP:
        starttls = None if implicit else context
        return SMTP(postbox, tls_context=starttls, hostname=HOST)

    server = await asyncio.get_running_loop().create_server(
        session, "127.0.0.1", 0, ssl=context if implicit else None
    )
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield MailConfig(host=HOST, port=port, security="none", sender="opendeep@example.com")


async def send(config: MailConfig) -> None:
    """Send one letter."""
    sender = MailSender(config)
    await sender.send(
        "ada@example.com", "Completed:\nDentist", "Dienstag um drei für Jürgen", message_id="m1"
    )


async def test_a_letter_arrives_as_it_was_written() -> None:
    """Receiver, one-line subject, id and words come through a real server."""
    postbox = Postbox()
    async with serving(postbox) as config:
        await send(config)
    [letter] = postbox.letters
    assert (postbox.to, letter["To"]) == (["ada@example.com"], "ada@example.com")
    assert (letter["Subject"], letter["From"]) == ("Completed: Dentist", "opendeep@example.com")
    assert letter["Message-ID"] == "<m1@opendeep.invalid>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content().strip() == "Dienstag um drei für Jürgen"


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_letter_is_encrypted_to_a_known_server(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    """With either kind of encryption the server gets the letter under it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    postbox = Postbox()
    async with serving(postbox, certificate, implicit=security == "tls") as plain:
        await send(replace(plain, security=security))  # type: ignore[arg-type]
    assert postbox.encrypted == [security == "starttls"]  # of the other kind the server knows not
    assert len(postbox.letters) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_nothing_goes_to_a_server_that_nobody_vouches_for(
    certificate: tuple[Path, Path], security: str
) -> None:
    """A certificate that is not known ends the attempt before a word of the letter."""
    postbox = Postbox()
    async with serving(postbox, certificate, implicit=security == "tls") as config:
        with pytest.raises(UnavailableError):
            await send(replace(config, security=security))  # type: ignore[arg-type]
    assert postbox.letters == []


async def test_nothing_goes_in_the_clear_where_encryption_is_wanted() -> None:
    """A server that offers no encryption gets no letter."""
    postbox = Postbox()
    async with serving(postbox) as config:
        with pytest.raises(UnavailableError):
            await send(replace(config, security="starttls"))
    assert postbox.letters == []


async def test_a_refused_letter_is_an_error() -> None:
    """What the server does not take is tried again by whoever sent it."""
    async with serving(Postbox(refuses=True)) as config:
        with pytest.raises(UnavailableError):
            await send(config)
