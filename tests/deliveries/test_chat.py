"""Which addresses of channels are taken, and where their requests may go."""

from contextlib import suppress

import pytest
import requests
from hypothesis import given as example
from hypothesis import strategies as st

from goals_core import chat, guarded, outbound
from goals_core.errors import Invalid
from goals_core.kinds import Service
from tests.deliveries.receiver import receiving

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
WORKFLOW = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("address", "service"),
    [
        (SLACK, Service.SLACK),
        ("https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o", Service.DISCORD),
        (
            f"https://prod-1.westus.logic.azure.com:443/workflows/{WORKFLOW}/triggers/manual/paths/"
            "invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=abcABC",
            Service.TEAMS,
        ),
        ("https://chat.googleapis.com/v1/spaces/a/messages?key=b&token=c", Service.GOOGLE_CHAT),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", Service.TELEGRAM),
        ("ntfys://ntfy.example.com/topic?priority=high", Service.NTFY),
        ("gotifys://push.example.com/token1234567890123456", Service.GOTIFY),
        ("mmosts://chat.example.com/3ccdd113474722377935511fc85d3dd4", Service.MATTERMOST),
        ("rockets://abc/def@chat.example.com/#sales", Service.ROCKET_CHAT),
        ("jsons://user:pass@hooks.example.com/path?+X-Key=1", Service.WEBHOOK),
    ],
)
def test_an_address_as_the_service_gives_it_is_taken(address, service):
    found = chat.parse(address)
    assert found.service is service
    assert repr(found) == f"Target({service.value})"


@pytest.mark.parametrize(
    "address",
    [
        *("", "x", "Sales", "https://example.com/hook", "http://hooks.slack.com/x", "slack://x"),
        *("dbus://", "syslog://", "windows://", "macosx://", "gnome://", "glib://", "rsyslog://h"),
        *("mailto://a:b@example.com", "mailtos://h", "sendmail://", "apprise://h/t", "file:///etc"),
        *("mqtt://h/t", "xmpp://u:p@h", "irc://h/c", "amqp://h", "smpp://h", "growl://h"),
        *("matrix://u:p@h/r", "sns://a/b/c", "exec://ls", "blink1://", "config://x", "include x"),
        *("jsons://h.example/?template=/etc/passwd", "jsons://h.example/?verify=no"),
        *("jsons://h.example/?redirect=yes", "jsons://h.example/?retry=9", "jsons://h/?rto=600"),
        *("jsons://h.example/?method=GET", f"workflows://h.example/{WORKFLOW}/s?template=/etc/x"),
        *("slack://a/b/c/?+X=1", "jsons://h\n.example/", "jsons://[::1", "j" * 3000),
    ],
)
def test_anything_else_is_refused_with_a_sentence(address):
    with pytest.raises(Invalid) as refused:
        chat.parse(address)
    (problem,) = refused.value.problems
    assert problem.field == "address"
    assert "passwd" not in str(problem)


ADDRESSES = st.from_regex(r"[a-z]{2,9}s?://[!-~]{0,60}", fullmatch=True)


@example(address=st.text(max_size=80) | ADDRESSES)
def test_no_text_does_more_than_being_refused(address):
    with suppress(Invalid):
        assert chat.parse(address).service in Service


def sent(address):
    with guarded.requests_to_outside("key") as exchange:
        requests.post(address, json={}, timeout=60)
    return exchange


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1:1/",
        "https://localhost:1/",
        "https://[::1]:1/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://[::ffff:127.0.0.1]/",
    ],
)
def test_no_request_reaches_a_private_network(given, address):
    given(allowed_networks="")
    with pytest.raises(outbound.InsideAddress):
        sent(address)


def test_what_is_not_encrypted_stays_on_networks_that_an_operator_allows(given, monkeypatch):
    monkeypatch.setattr(outbound, "resolve", lambda *_: ["93.184.216.34"])
    with pytest.raises(guarded.NotOverTls):
        sent("http://hooks.example.com/")


def test_a_name_is_looked_up_once_for_checking_and_connecting(given, service, monkeypatch):
    """Whoever owns the name cannot have it mean another address a moment later."""
    seen = []
    resolve = outbound.resolve

    def look(host, port):
        seen.append(host)
        return resolve("127.0.0.1", port)

    monkeypatch.setattr(outbound, "resolve", look)
    monkeypatch.setattr("socket.getaddrinfo", only_addresses)
    assert sent(f"http://hooks.example.com:{service.port}/").status == 200
    assert set(seen) == {"hooks.example.com"}


def only_addresses(host, port, *_more, **_named):
    """No name is looked up but by the rule."""
    import socket

    assert host == "127.0.0.1", f"{host} was looked up"
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]


def test_a_redirect_is_not_followed(given, service):
    with receiving() as elsewhere:
        service.answers, service.location = [302], f"http://127.0.0.1:{elsewhere.port}/"
        with pytest.raises(guarded.Redirected):
            sent(f"http://127.0.0.1:{service.port}/")
        assert elsewhere.keys == []


def test_a_proxy_of_the_environment_is_passed_by(given, service, monkeypatch):
    with receiving() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        assert sent(f"http://127.0.0.1:{service.port}/").status == 200
        assert proxy.keys == []


def test_others_requests_are_as_they_were(given, service):
    given(allowed_networks="")
    answer = requests.post(f"http://127.0.0.1:{service.port}/", json={}, timeout=5)
    assert (answer.status_code, service.keys) == (200, [None])
