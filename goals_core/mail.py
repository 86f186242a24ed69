"""Sending a mail to one person through the operator's mail server, or saying why it was not."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid
from ipaddress import ip_address
from uuid import UUID

from goals_core import addresses, outbound
from goals_core.addresses import MailServer
from goals_core.config import settings
from goals_core.errors import N_, GoalsError

PATIENCE = 15.0  # seconds for each answer of the server

_UNEXPECTED = "no answer as expected from the mail server"


class MailNotSent(GoalsError):
    """Nobody has taken the mail; `is_final` says that trying again is of no use.

    `is_away` says that it is the server which is missing: no other mail would be taken either.
    """

    message = N_("The mail could not be sent: {reason}.")

    def __init__(self, reason: str, *, is_final: bool = False, is_away: bool = False) -> None:
        self.is_final, self.is_away = is_final, is_away
        super().__init__(reason=reason)


def is_configured() -> bool:
    return settings().smtp_url is not None


def link(path: str) -> str:
    """An address of the app that a mail can name; `path` begins with a slash."""
    if (url := settings().url) is None:
        raise MailNotSent("GOALS_URL is not set")
    return f"{url}{path}"


def send(
    to: str,
    subject: str,
    text: str,
    html: str | None = None,
    *,
    id_: UUID | None = None,
    unsubscribe: str | None = None,
) -> None:
    """Hand a mail over to the server of GOALS_SMTP_URL; when this returns, the server has it.

    A mail that is sent again under the same id is the same mail to whoever gets it twice.
    """
    given, sender = settings().smtp_url, settings().mail_from
    if given is None or sender is None:
        raise MailNotSent("GOALS_SMTP_URL is not set")
    server = addresses.mail_server(given.get_secret_value())
    message = _write(sender, to, subject, text, html)
    if id_ is not None:
        message.replace_header("Message-ID", f"<{id_}@{_domain(sender)}>")
    if unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
    with _told(), _connected(server, sender) as smtp:
        if server.user:
            smtp.login(server.user, server.password)
        smtp.send_message(message)


def _write(sender: str, to: str, subject: str, text: str, html: str | None) -> EmailMessage:
    message = EmailMessage(SMTP)
    try:
        message["From"] = sender
        message["To"] = addresses.mailbox(to)  # one address: a comma would make it two
        message["Subject"] = subject  # refused when it has a line break in it
    except ValueError:
        raise MailNotSent("its address or subject is none", is_final=True) from None
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=_domain(sender))
    message["Auto-Submitted"] = "auto-generated"  # so that no holiday notice answers it
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


@contextmanager
def _connected(server: MailServer, sender: str) -> Iterator[smtplib.SMTP]:
    """A connection that is encrypted as the address says, or none at all."""
    found = outbound.resolve(server.host, server.port)
    if server.scheme == "smtp+plain" and not all(ip_address(each).is_loopback for each in found):
        raise MailNotSent("smtp+plain:// is for a mail server on this machine")
    me = _domain(sender)  # to greet with: our own host's name is nobody's business
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        smtp: smtplib.SMTP = _TlsConnection(found, server, me, context)
    else:
        smtp = _Connection(found, server, me)
    try:
        if server.scheme == "smtp":
            smtp.starttls(context=context)  # raises when the server has none
        yield smtp
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()  # the mail has been taken, however this is answered
    finally:
        smtp.close()


class _Connection(smtplib.SMTP):
    """Connects to the addresses that were checked; the certificate is still the name's."""

    def __init__(self, found: list[str], server: MailServer, me: str, **more: object) -> None:
        self._found = found
        super().__init__(server.host, server.port, me, PATIENCE, **more)  # type: ignore[arg-type]

    def _get_socket(self, _host: str, port: int, timeout: float) -> socket.socket:
        return _first(lambda at: socket.create_connection((at, port), timeout), self._found)


class _TlsConnection(smtplib.SMTP_SSL, _Connection):
    """The same, with TLS from the first byte."""

    def __init__(
        self, found: list[str], server: MailServer, me: str, context: ssl.SSLContext
    ) -> None:
        self._found = found
        smtplib.SMTP_SSL.__init__(
            self, server.host, server.port, me, timeout=PATIENCE, context=context
        )


def _first(connect: Callable[[str], socket.socket], found: list[str]) -> socket.socket:
    """The first address that answers; the last one's error when none does."""
    for at in found[:-1]:
        try:
            return connect(at)
        except OSError:
            continue
    return connect(found[-1])


@contextmanager
def _told() -> Iterator[None]:
    """What the library and the server say, without the address that it is about."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code = min((code for code, _ in error.recipients.values()), default=0)
        raise MailNotSent(f"refused with {code}", is_final=code >= 500) from None
    except smtplib.SMTPResponseException as error:
        # a password that is wrong today may be right tomorrow, the mail is not at fault
        is_final = error.smtp_code >= 500 and isinstance(error, smtplib.SMTPDataError)
        is_answer = error.smtp_code >= 400
        reason = f"refused with {error.smtp_code}" if is_answer else _UNEXPECTED
        raise MailNotSent(reason, is_final=is_final) from None
    except outbound.NotReachable as error:
        raise MailNotSent(str(error).rstrip("."), is_away=True) from error
    except ssl.SSLError as error:
        reason = f"no TLS with the mail server, {_short(error)}"
        raise MailNotSent(reason, is_away=True) from error
    except (smtplib.SMTPException, OSError) as error:
        raise MailNotSent(f"{_UNEXPECTED}, {_short(error)}", is_away=True) from error


def _short(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    # once connected, the library hides a time-out behind an error of its own
    is_late = isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
    return "time-out" if is_late else type(error).__name__


def _domain(mailbox: str) -> str:
    return mailbox.rpartition("@")[2]
