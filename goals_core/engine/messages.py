"""What is sent, as one would want to read it: a mail in plain text and HTML, a chat's few lines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby
from uuid import UUID

from goals_core import mail
from goals_core.actor import Actor
from goals_core.engine.news import News
from goals_core.engine.news_words import sentence
from goals_core.wording import _, n_, speak, spoken

LONGEST_SUBJECT = 150
GOAL_PAGE, PREFERENCES_PAGE = "/goal?id={id}", "/notifications"


@dataclass(frozen=True, slots=True)
class Message:
    subject: str
    text: str
    html: str
    lines: str  # for a chat, below the subject
    change_at: str


def write(reader: Actor, news: Sequence[News], *, is_digest: bool, language: str | None) -> Message:
    """The news in the reader's language; of a digest by goal, otherwise as they came."""
    speak(_speaking(reader, language))
    told = sorted(news, key=lambda each: (each.goal, each.at)) if is_digest else list(news)
    subject = _subject(reader, told, is_digest=is_digest)
    return Message(
        subject=subject,
        text=_text(reader, told, by_goal=is_digest),
        html=_html(reader, told, by_goal=is_digest),
        lines="\n".join(_line(each, is_only=len(told) == 1) for each in told),
        change_at=mail.link(PREFERENCES_PAGE),
    )


def trial(reader: Actor, language: str | None) -> tuple[str, str]:
    """What is sent to see whether it arrives: a subject and a text."""
    speak(_speaking(reader, language))
    company = reader.tenant.name
    return (
        _("A test from {company}").format(company=company),
        _("What happens to goals of {company} will be told here.").format(company=company),
    )


def _speaking(reader: Actor, language: str | None) -> Actor:
    if language is None:
        return reader
    return replace(reader, tenant=replace(reader.tenant, locale=language))


def _subject(reader: Actor, told: Sequence[News], *, is_digest: bool) -> str:
    if is_digest:
        day = spoken().day(reader.tenant.today)
        said = _("Goals of {company}, {day}").format(company=reader.tenant.name, day=day)
    elif len(told) == 1:
        said = sentence(told[0])
    else:
        count = n_("{count} piece of news", "{count} pieces of news", len(told))
        said = _("{count} about goals of {company}").format(count=count, company=reader.tenant.name)
    said = " ".join(said.split())  # a name can have a line break in it
    return said if len(said) <= LONGEST_SUBJECT else f"{said[: LONGEST_SUBJECT - 1]}…"


def _text(reader: Actor, told: Sequence[News], *, by_goal: bool) -> str:
    parts = [_("Hello {name},").format(name=reader.name)]
    for goal, news in _grouped(told, by_goal=by_goal):
        lines = [goal] if goal else []
        lines += [f"- {sentence(each)}\n  {_address(each.assignment_id)}" for each in news]
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, f"--\n{_footer()}\n{mail.link(PREFERENCES_PAGE)}"]) + "\n"


def _html(reader: Actor, told: Sequence[News], *, by_goal: bool) -> str:
    parts = [f"<p>{escape(_('Hello {name},').format(name=reader.name))}</p>"]
    for goal, news in _grouped(told, by_goal=by_goal):
        if goal:
            parts.append(f"<h3>{escape(goal)}</h3>")
        items = (
            f'<li style="margin-bottom:8px">{escape(sentence(each))}'
            f' <a href="{escape(_address(each.assignment_id))}">{escape(_("Open the goal"))}</a>'
            "</li>"
            for each in news
        )
        parts.append(f"<ul>{''.join(items)}</ul>")
    change = f'<a href="{escape(mail.link(PREFERENCES_PAGE))}">{escape(_footer())}</a>'
    parts.append(f'<p style="font-size:12px">{change}</p>')
    style = "font-family:sans-serif;font-size:15px;line-height:1.5;max-width:640px"
    return f'<!doctype html><html><body><div style="{style}">{"".join(parts)}</div></body></html>'


def _grouped(told: Sequence[News], *, by_goal: bool) -> list[tuple[str, list[News]]]:
    if not by_goal:
        return [("", list(told))]
    groups = groupby(told, lambda each: (each.goal, each.definition_id))
    return [(goal, list(news)) for (goal, _id), news in groups]


def _line(news: News, *, is_only: bool) -> str:
    address = _address(news.assignment_id)
    return address if is_only else f"• {sentence(news)}\n{address}"


def _footer() -> str:
    return _("Choose what you are told, when and where")


def _address(assignment_id: UUID) -> str:
    return mail.link(GOAL_PAGE.format(id=assignment_id))
