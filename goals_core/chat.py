"""Sending a message to a chat or another service, by its address in the way of apprise.

Only services that take a message by one HTTPS request are here: nothing that runs programs, reads
files or talks to this machine, and no second way to send mails.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from apprise import AppriseAsset, NotifyFormat, NotifyType, PersistentStoreMode
from requests import RequestException, Timeout

from goals_core import guarded, outbound
from goals_core.errors import N_, GoalsError, invalid
from goals_core.kinds import Service

LONGEST = 2000  # characters of an address
_PLUGINS: dict[Service, tuple[str, str]] = {
    Service.SLACK: ("slack", "NotifySlack"),
    Service.TEAMS: ("workflows", "NotifyWorkflows"),
    Service.DISCORD: ("discord", "NotifyDiscord"),
    Service.GOOGLE_CHAT: ("google_chat", "NotifyGoogleChat"),
    Service.WEBEX: ("webexteams", "NotifyWebexTeams"),
    Service.MATTERMOST: ("mattermost", "NotifyMattermost"),
    Service.ROCKET_CHAT: ("rocketchat", "NotifyRocketChat"),
    Service.ZULIP: ("zulip", "NotifyZulip"),
    Service.TELEGRAM: ("telegram", "NotifyTelegram"),
    Service.PUSHOVER: ("pushover", "NotifyPushover"),
    Service.NTFY: ("ntfy", "NotifyNtfy"),
    Service.GOTIFY: ("gotify", "NotifyGotify"),
    Service.WEBHOOK: ("custom_json", "NotifyJSON"),
}
# What an address may say after its question mark. Left out is what would read a file, check no
# certificate, follow redirects, wait or try again by itself.
_OPTIONS = {
    *("image", "footer", "format", "avatar", "thread", "threadkey", "priority", "tags", "preview"),
    *("silent", "topic", "channel", "mode", "auth", "token", "key"),
    *("api-version", "sp", "sv", "sig", "ver"),
}
_OWN_FIELDS = "+:-"  # of a webhook: its headers, fields and parameters
_AGAIN = {408, 425, 429}  # refused for now


class NotTaken(GoalsError):
    """The service has not taken the message; `is_final` says that trying again is of no use."""

    message = N_("The message was not taken: {reason}.")

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        self.is_final = is_final
        super().__init__(reason=reason)


@dataclass(frozen=True, slots=True)
class Target:
    """A service and what reaches it; its text never has the address in it."""

    service: Service
    _plugin: Any

    def send(self, title: str, body: str, *, key: str) -> None:
        """Hand a message over; when this returns, the service has it. It may know the key again."""
        taken = False
        # what the rule refuses passes through the library, which knows errors of its own only
        with guarded.requests_to_outside(key) as exchange, suppress(outbound.NotReachable):
            taken = self._plugin.notify(
                title=_tame(title),
                body=_tame(body),
                notify_type=NotifyType.INFO,
                body_format=NotifyFormat.TEXT,
            )
        if not taken:
            raise _why(exchange)

    def __repr__(self) -> str:
        return f"Target({self.service.value})"


def parse(address: str, *, field: str = "address") -> Target:
    """What an address leads to, or `Invalid` for that field."""
    parts = _split(address, field)
    for service in Service:
        plugin = _plugin(service)
        if parts.scheme in _schemes(plugin):
            found = plugin.parse_url(address)
        elif parts.scheme == "https":
            found = plugin.parse_native_url(address)
        else:
            continue
        if found:
            _check_options(found, service, field)
            return Target(service, _made(plugin, found, field))
    raise invalid(
        field, N_("This is the address of no service that is known here; see the examples.")
    )


def _split(address: str, field: str) -> SplitResult:
    no_address = invalid(field, N_("This is no address."))
    if len(address) > LONGEST or not address.isprintable():
        raise no_address
    try:
        return urlsplit(address)
    except ValueError:
        raise no_address from None


def _check_options(found: dict[str, Any], service: Service, field: str) -> None:
    given = {name.lower() for name, _ in parse_qsl(urlsplit(found["url"]).query)} | set(
        map(str.lower, found.get("qsd", {}))
    )
    own = service is Service.WEBHOOK
    for name in sorted(given):
        if name not in _OPTIONS and not (own and name[:1] in _OWN_FIELDS):
            raise invalid(field, N_("The option {name} is not possible here."), name=name)


def _made(plugin: Any, found: dict[str, Any], field: str) -> Any:  # noqa: ANN401  (untyped)
    try:
        return plugin(asset=_asset(), **found)
    except (TypeError, ValueError):
        raise invalid(field, N_("Something is missing in this address.")) from None


@cache
def _plugin(service: Service) -> Any:  # noqa: ANN401  (untyped)
    # what it logs, it logs with parts of addresses
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    module, name = _PLUGINS[service]
    return getattr(import_module(f"apprise.plugins.{module}"), name)


@cache
def _asset() -> AppriseAsset:
    """Nothing of it is kept in files, and nothing of theirs is shown: the messages are ours."""
    return AppriseAsset(
        async_mode=False,
        http_redirects=False,
        storage_mode=PersistentStoreMode.MEMORY,
        allow_templates=False,
        app_id="Goals",
        app_desc="Goals",
        image_url_mask=None,
        image_url_logo=None,
    )


def _schemes(plugin: Any) -> tuple[str, ...]:  # noqa: ANN401  (untyped)
    found: list[str] = []
    for given in (plugin.protocol, plugin.secure_protocol):
        found += [given] if isinstance(given, str) else given or ()
    return tuple(found)


def _why(exchange: guarded.Exchange) -> NotTaken:
    """What came back in the place of a yes, without the address."""
    match exchange.error, exchange.status:
        case outbound.NotReachable() as error, _:
            is_final = not isinstance(error, outbound.NoSuchHost)
            return NotTaken(str(error).rstrip("."), is_final=is_final)
        case ((Timeout() | TimeoutError()), _):
            return NotTaken("time-out")
        case RequestException(), _:
            return NotTaken("no connection")
        case None, int(status):
            is_final = 400 <= status < 500 and status not in _AGAIN
            return NotTaken(f"answered with {status}", is_final=is_final)
    return NotTaken("no answer as expected")


def _tame(text: str) -> str:
    """Names call nobody (<!channel>, @everyone) and hide no address behind a word."""
    for sign, harmless in (("<", "‹"), (">", "›"), ("](", "] ("), ("@", "@\N{WORD JOINER}")):
        text = text.replace(sign, harmless)
    return text
