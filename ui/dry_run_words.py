"""What a dry run has found, in sentences: what a change moves, what to look at before activating.

Plain text: escape it at the sink.
"""

from collections.abc import Iterator

from babel.lists import format_list

from goals_core.actor import Tenant
from goals_core.engine.drafts import Draft
from goals_core.services.dry_run import DryRun
from ui import standings
from ui.wording import _, n_, spoken


def change(found: DryRun) -> str:
    """How many records are gained and lost against what is live."""
    gained = sum(one.change.gained for one in found.windows if one.change)
    lost = sum(one.change.lost for one in found.windows if one.change)
    if not gained and not lost:
        return _("The same records count as now; only what they come to may differ.")
    return _("Against what counts now: {gained}, {lost}.").format(
        gained=n_("{count} record gained", "{count} records gained", gained),
        lost=n_("{count} record lost", "{count} records lost", lost),
    )


def warnings(found: DryRun, tenant: Tenant, draft: Draft) -> Iterator[tuple[str, str]]:
    """(icon, sentence) of what deserves a look before it counts."""
    if not found.records:
        yield (
            ":material/search_off:",
            _("No record would have counted. Activate it all the same if they are yet to come."),
        )
        return
    if empty := [one.window for one in found.windows if not one.records]:
        names = [standings.window(draft.period, window, tenant) for window in empty]
        listed = format_list(names, locale=spoken().locale)
        yield ":material/event_busy:", _("No record counts in {windows}.").format(windows=listed)
    if found.left_out * 2 >= found.records:
        yield (
            ":material/rule:",
            _("At least half of the records are left out, so the value says little."),
        )
    counted_now = sum(one.change.records for one in found.windows if one.change)
    lost = sum(one.change.lost for one in found.windows if one.change)
    if lost and lost * 2 >= counted_now:
        yield ":material/trending_down:", _("At least half of what counts now would be lost.")


def notes(found: DryRun) -> list[str]:
    """What else became of records, or of those that count for nobody."""
    counts = {
        "converted": sum(one.converted for one in found.windows),
        "no_rate": sum(one.no_rate for one in found.windows),
        "no_number": sum(one.no_number for one in found.windows),
        "ownerless": sum(one.ownerless or 0 for one in found.windows),
        "undated": found.undated,
    }
    return [_note(kind, count) for kind, count in counts.items() if count]


def _note(kind: str, count: int) -> str:
    sentences = {
        "converted": n_(
            "{count} record in another currency is converted by the rate of its day.",
            "{count} records in other currencies are converted by the rate of their day.",
            count,
        ),
        "no_rate": n_(
            "{count} record is left out: there is no exchange rate for its day.",
            "{count} records are left out: there is no exchange rate for their day.",
            count,
        ),
        "no_number": n_(
            "{count} record is left out: what is added up is no number there.",
            "{count} records are left out: what is added up is no number there.",
            count,
        ),
        "ownerless": n_(
            "{count} record of these windows has no owner: it counts for the company alone.",
            "{count} records of these windows have no owner: they count for the company alone.",
            count,
        ),
        "undated": n_(
            "{count} record has no date: it falls in no window and counts for nobody.",
            "{count} records have no date: they fall in no window and count for nobody.",
            count,
        ),
    }
    return sentences[kind]
