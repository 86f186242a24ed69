"""The mails with one-time links: plain text, in the language of the company they come from."""

from goals_core import mail
from goals_core.actor import Actor
from goals_core.imports.invitations import Invitation
from goals_core.services import links
from ui.wording import _, speak


def invite(sender: Actor, made: Invitation) -> None:
    """Tell someone new who invites them, and where they choose a password."""
    _send(
        made,
        _("Your invitation to {company}"),
        _("{sender} invites you to see and follow the goals of {company}."),
        _("With this link you choose a password; it works once, within 7 days:"),
        company=sender.tenant.name,
        sender=sender.name,
    )


def reset(sender: Actor, made: Invitation) -> None:
    """Tell a person where they choose another password."""
    _send(made, *_new_password(), company=sender.tenant.name)


def remind(person: Actor, token: str) -> None:
    """The same, to someone who says of themselves that they forgot it; nobody speaks here yet."""
    speak(person)
    ignore = _("If you did not ask for it, do nothing: your password stays as it is.")
    made = Invitation(person.name, person.email, token)
    _send(made, *_new_password(), company=person.tenant.name, after=ignore)


def _new_password() -> tuple[str, str]:
    return (
        _("A new password for {company}"),
        _("With this link you choose a new password; it works once, within an hour:"),
    )


def _send(
    to: Invitation, subject: str, *lines: str, company: str, sender: str = "", after: str = ""
) -> None:
    facts = {"company": company, "sender": sender, "name": to.name}
    said = [line.format(**facts) for line in (_("Hello {name},"), *lines)]
    text = "\n\n".join(filter(None, [*said, links.address_of(to.token), after]))
    mail.send(to.email, " ".join(subject.format(**facts).split()), f"{text}\n")
