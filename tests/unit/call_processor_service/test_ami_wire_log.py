"""What debug logs have of the manager's bytes."""

import pytest
from structlog.testing import capture_logs

from opendeep.call_processor_service.ami_wire_log import log_bytes, masked_bytes


@pytest.mark.parametrize(
    ("data", "masked"),
    [
        (b"Username: u\r\nSecret: hush\r\n\r\n", b"Username: u\r\nSecret: ***\r\n\r\n"),
        (b"Key: 0af3\r\nEvents: on\r\n", b"Key: ***\r\nEvents: on\r\n"),
        (b"SECRET:hush\r\nkey:  0a\r\n", b"SECRET: ***\r\nkey: ***\r\n"),
        (b"Message: bad hush\r\n", b"Message: bad ***\r\n"),
        (b"Monkey: 1\r\nKeys: 2\r\n", b"Monkey: 1\r\nKeys: 2\r\n"),
    ],
)
def test_secrets_are_masked_in_raw_bytes(data: bytes, masked: bytes) -> None:
    """The values of Secret and Key go, and the secret wherever it stands; all else stays."""
    assert masked_bytes(data, "hush") == masked


def test_every_byte_is_logged_as_personal_data() -> None:
    """Foreign bytes are escaped, and the text is in a field for personal data."""
    with capture_logs() as logs:
        log_bytes("<", b"CallerIDName: Caf\xe9\r\n", secret="")
    (entry,) = logs
    assert (entry["wire"], entry["size"], entry["log_level"]) == ("<", 20, "debug")
    assert entry["pii.text"] == "CallerIDName: Caf\\xe9\r\n"
