"""The rules that keep foreign web pages out, without any I/O."""

from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from opendeep.web_interface import guards
from opendeep.web_interface.guards import Authority, RequestPolicy

POLICY = RequestPolicy(host="opendeep.test", allowed_origins=("https://friend.test:8443",))


def connection(
    method: str = "GET", kind: str = "http", path: str = "/api/tasks", **headers: str
) -> HTTPConnection:
    """Make the head of a request; header names are written with underscores."""
    fields = {"host": "127.0.0.1:8000"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return HTTPConnection(
        {
            "type": kind,
            "method": method,
            "path": path,
            "scheme": "http" if kind == "http" else "ws",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in fields.items()],
        }
    )


def refused(**arguments: str) -> str | None:
    """Return the code of the refusal, if any."""
    refusal = POLICY.refusal(connection(**arguments))
    return None if refusal is None else refusal.code


def test_loopback_names_and_the_configured_host_are_ours() -> None:
    """Requests to localhost, 127.0.0.1, ::1 and the configured name are served."""
    for host in ("localhost", "127.0.0.1:8000", "[::1]:8000", "OPENDEEP.test", "localhost.:80"):
        assert refused(host=host) is None


def test_other_host_names_are_refused() -> None:
    """A rebound DNS name, an empty and a malformed Host header are refused."""
    for host in ("evil.test", "", "127.0.0.1.evil.test", "a@127.0.0.1", "127.0.0.1:x", "[::1"):
        assert refused(host=host) == "foreign_host"


def test_a_page_of_another_origin_is_refused() -> None:
    """Foreign names, other ports, null and lookalikes are foreign origins, also on WebSockets."""
    for origin in (
        "http://evil.test",
        "http://127.0.0.1:8001",
        "http://127.0.0.1:8000.evil.test",
        "http://localhost:8000",
        "null",
        "ftp://127.0.0.1:8000",
        "",
    ):
        assert refused(origin=origin) == "foreign_origin"
        assert refused(origin=origin, kind="websocket") == "foreign_origin"


def test_our_own_pages_and_allowed_origins_are_served() -> None:
    """The same origin and a configured one are served; so is a script without an Origin."""
    assert refused(origin="http://127.0.0.1:8000") is None
    assert refused(origin="https://FRIEND.test:8443") is None
    assert refused(kind="websocket") is None
    assert refused(origin="http://127.0.0.1:8000", kind="websocket") is None


def test_cross_site_reads_are_refused_unless_a_person_follows_a_link() -> None:
    """A browser's cross-site or same-site subresource is refused; a navigation is not."""
    for site in ("cross-site", "same-site"):
        assert refused(sec_fetch_site=site) == "foreign_origin"
        assert refused(sec_fetch_site=site, sec_fetch_mode="navigate") is None
        assert (
            refused(method="POST", sec_fetch_site=site, sec_fetch_mode="navigate")
            == "foreign_origin"
        )
    assert refused(sec_fetch_site="cross-site", origin="https://friend.test:8443") is None
    assert refused(sec_fetch_site="same-origin") is None


def test_a_change_with_the_session_cookie_needs_the_csrf_header() -> None:
    """The cookie alone changes nothing; with the token that belongs to it, it does."""
    session = guards.new_session()
    cookie = f"{guards.SESSION_COOKIE}={session}"
    assert refused(method="POST", cookie=cookie) == "csrf"
    for guess in ("wrong", "\xff", guards.csrf_token("another")):
        assert refused(method="POST", cookie=cookie, x_csrf_token=guess) == "csrf"
    token = guards.csrf_token(session)
    assert refused(method="POST", cookie=cookie, x_csrf_token=token) is None
    assert refused(method="GET", cookie=cookie) is None


def test_bodies_must_be_json() -> None:
    """Types that a plain form can send are refused, and so is a body without a type."""
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        code = refused(method="POST", content_type=media_type, content_length="2")
        assert code == "unsupported_media_type"
    assert refused(method="POST", content_length="2") == "unsupported_media_type"
    assert refused(method="POST", transfer_encoding="chunked") == "unsupported_media_type"
    json_type = "application/json; charset=utf-8"
    assert refused(method="POST", content_type=json_type, content_length="2") is None
    assert refused(method="POST", content_length="0") is None
    assert refused(method="DELETE") is None


def test_sessions_are_random_and_recognised() -> None:
    """Two sessions differ, have the form that is recognised, and have different tokens."""
    first, second = guards.new_session(), guards.new_session()
    assert first != second
    assert guards.csrf_token(first) != guards.csrf_token(second)
    assert guards.is_session(first)
    assert not guards.is_session(None)
    assert not guards.is_session("short")


def test_default_ports_are_filled_in() -> None:
    """A name without a port has its scheme's port."""
    assert guards.parse_authority("localhost", "https") == Authority("localhost", 443)
    assert guards.parse_authority("localhost", "ws") == Authority("localhost", 80)
    assert guards.parse_origin("https://localhost") == Authority("localhost", 443)
    assert guards.parse_authority(":80", "http") is None


@given(st.text())
@example(".")
def test_no_text_breaks_the_parsers(text: str) -> None:
    """Any text is an authority or None; nothing is raised."""
    for parsed in (guards.parse_authority(text, "http"), guards.parse_origin(f"http://{text}")):
        assert parsed is None or parsed.name
