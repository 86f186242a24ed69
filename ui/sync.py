"""The buttons that bring goals up to date, with their progress and their outcome."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import streamlit as st

from goals_core.actor import Actor
from goals_core.errors import N_
from goals_core.kinds import SyncMode
from goals_core.permissions import Permission
from ui.failures import sentence_of
from ui.wording import _, md, n_, spoken

if TYPE_CHECKING:
    from goals_core.services.tracking import SyncResult

_JOB = "goals_sync"
_OUTCOME = "goals_sync_outcome"
# In a thread of its own: a click elsewhere stops a page's script, and must not stop a sync.
_workers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="goals-sync")


@dataclass
class _Job:
    """A sync that this tab started, and how far it is."""

    fraction: float = 0.0
    text: str = ""
    future: "Future[SyncResult]" = field(default_factory=Future)

    def report(self, fraction: float, text: str) -> None:
        self.fraction, self.text = min(max(fraction, 0.0), 1.0), text


def sync_button(actor: Actor) -> None:
    """The sidebar's, for those who may record progress, and below it how it goes or went."""
    if not actor.may(Permission.PROGRESS):
        return
    running = is_running()
    if st.button(
        _("Syncing…") if running else _("Sync now"),
        icon=":material/sync:",
        width="stretch",
        disabled=running,
        help=_("Brings goals up to date with what has changed in their sources."),
        key="sync_now",
    ):
        _start(actor, SyncMode.INCREMENTAL)
        st.rerun()
    if running:
        watch()
    elif outcome := st.session_state.get(_OUTCOME):
        _show(outcome)


def full_sync_button(actor: Actor) -> None:
    """The one that computes every goal from all its records, whatever has changed."""
    if st.button(
        _("Compute everything anew"),
        icon=":material/restart_alt:",
        disabled=is_running(),
        help=_("Adds up all records of every running goal, as it happens once a day anyway."),
        key="sync_all",
    ):
        _start(actor, SyncMode.FULL)
        st.rerun()


def is_running() -> bool:
    """Whether this tab has begun a sync that goes on."""
    return _JOB in st.session_state


@st.fragment(run_every=0.3)
def watch() -> None:
    """How far the tab's sync is; with its end the whole page is drawn anew."""
    job: _Job | None = st.session_state.get(_JOB)
    if job is None:
        return
    if not job.future.done():
        st.progress(job.fraction, md(_(job.text)))
        return
    del st.session_state[_JOB]
    error = job.future.exception()
    st.session_state[_OUTCOME] = sentence_of(error) if error else job.future.result()
    st.rerun()  # the whole page: its numbers have changed


def _start(actor: Actor, mode: SyncMode) -> None:
    from goals_core.services import tracking

    job = _Job(text=N_("Starting"))
    job.future = _workers.submit(tracking.sync, actor, mode=mode, on_progress=job.report)
    st.session_state.pop(_OUTCOME, None)
    st.session_state[_JOB] = job


def _show(outcome: "SyncResult | str") -> None:
    if isinstance(outcome, str):
        st.warning(md(outcome), icon=":material/sync_problem:")
        return
    st.caption(f":material/check_circle: {md(_summary(outcome))}")
    if outcome.errors:
        _show_errors(outcome)


def _summary(result: "SyncResult") -> str:
    """4 goals updated from 12 changes, 1 achieved, 0.2 s."""
    updated = n_("{count} goal updated", "{count} goals updated", result.updated)
    if result.mode is SyncMode.INCREMENTAL:
        if not result.changes and not result.updated:
            return _("Nothing has changed since the last sync")
        changes = n_("{count} change", "{count} changes", result.changes)
        updated = _("{goals} from {changes}").format(goals=updated, changes=changes)
    parts = [updated]
    if result.achieved:
        parts.append(n_("{count} achieved", "{count} achieved", result.achieved))
    if result.failed:
        parts.append(n_("{count} failed", "{count} failed", result.failed))
    seconds = spoken().number(Decimal(f"{result.seconds:.1f}"))
    return ", ".join([*parts, _("{seconds} s").format(seconds=seconds)])


def _show_errors(result: "SyncResult") -> None:
    count = len(result.errors)
    title = n_("{count} goal could not be computed", "{count} goals could not be computed", count)
    with st.expander(title, icon=":material/error:"):
        for error in result.errors:
            st.markdown(f"**{md(error.name)}**  \n{md(error.reason)}")
