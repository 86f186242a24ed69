"""Rules: progress by hand, imports, corrections; records and what makes of them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
)
from sqlalchemy import delete, update

from goals_core.actor import Actor
from goals_core.kinds import (
    Metric,
    ProgressSource,
)
from goals_core.models.sources import Opportunity
from goals_core.services import corrections, events, progress
from goals_core.services.progress import Reading
from tests import makers
from tests.engine import day_by_day as days
from tests.engine import entries
from tests.engine.entries import Given
from tests.engine.stage import PICK, Stage, chosen, counted, in_order, name_of
from tests.engine.things import Line, Record, Share

FLAG = st.booleans()
RARELY = st.sampled_from([False] * 7 + [True])
VALUES = st.one_of(
    st.integers(-20, 150).map(Decimal),
    st.sampled_from([Decimal(1), Decimal(0), Decimal("0.01"), Decimal("33.33"), Decimal("0.001")]),
)
BACK = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 8, 20, -1])

REFERENCES = st.sampled_from([None, "R1", "R2", "R3", "R4"])
PROGRAMS = st.sampled_from(["import", "api", "manual"])
ROWS = st.tuples(PICK, VALUES, BACK, FLAG, REFERENCES, PROGRAMS)


class ProgressRules(Stage):
    """What happens to values."""

    @precondition(lambda self: self._by_hand())
    @rule(pick=PICK, value=VALUES, back=BACK, by_value=FLAG, own_hand=FLAG)
    @counted
    def record(self, pick, value, back, by_value, own_hand) -> None:
        if share := self._share(pick, by_hand=True):
            by = self._actor_of(share) if own_hand else self.cast.admin
            given = self._given(share, value, back, by_value=by_value)
            self._do(
                f"record {_said(given)}",
                lambda: entries.record(self.world, given, by.user_id),
                lambda db: progress.record(
                    db,
                    assignment_id=self.ids[share],
                    value=given.value,
                    change=given.change,
                    on=given.on,
                ),
                by=by,
            )

    @precondition(lambda self: self._running())
    @rule(pick=PICK, value=st.integers(0, 120), on=st.integers(0, 8))
    @counted
    def record_soundly(self, pick, value, on) -> None:
        """What is in order as far as the day goes: the last day of the log or a later one."""
        if share := chosen(self._running(), pick):
            metric = share.goal["metric"]
            value = value % 2 if metric is Metric.BOOLEAN else value
            last = max([share.start, *(line.day for line in share.log)])
            self._record(share, value, min(last + on * days.DAY, share.end, self.day))

    @precondition(lambda self: self._by_hand())
    @rule(rows=st.lists(ROWS, min_size=1, max_size=4))
    @counted
    def bulk(self, rows) -> None:
        given = []
        for pick, value, back, by_value, reference, source in rows:
            if share := self._share(pick, by_hand=True):
                each = self._given(share, value, back, by_value=by_value)
                given.append(replace(each, reference=reference, source=source))
        self._bulk(given)

    @precondition(lambda self: self._running())
    @rule(picks=st.lists(PICK, min_size=1, max_size=3), change=st.integers(0, 30), n=PICK)
    @counted
    def import_soundly(self, picks, change, n) -> None:
        running = [s for s in self._running() if s.goal["metric"] is not Metric.BOOLEAN]
        shares = {share for pick in picks if (share := chosen(running, pick))}
        given = [
            Given(s, min(s.end, self.day), change=Decimal(change), source="import",
                  reference=f"S{n}")
            for s in sorted(shares, key=name_of)
        ]  # fmt: skip
        self._bulk(given)

    @precondition(lambda self: self._referenced())
    @rule(pick=PICK, other=st.sampled_from([None, None, None, "number", "day"]), by_change=FLAG)
    @counted
    def import_again(self, pick, other, by_change) -> None:
        """The same row again changes nothing; another content is a conflict."""
        if found := chosen(self._referenced(), pick):
            share, line = found
            number = {"change": line.change} if by_change else {"value": line.value}
            if other == "number":
                number = {name: value + 1 for name, value in number.items()}
            day = line.day - days.DAY if other == "day" else line.day
            self._bulk([Given(share, day, source="import", reference=line.reference, **number)])

    @precondition(lambda self: self._logged())
    @rule(pick=PICK, which=PICK, note=st.sampled_from(["", "mistyped"]))
    @counted
    def void(self, pick, which, note) -> None:
        share = chosen(self._logged(), pick)
        self._void(share, which % len(share.log), note)

    @precondition(lambda self: self._running())
    @rule(pick=PICK, values=st.lists(st.integers(0, 120), min_size=2, max_size=3), which=PICK)
    @counted
    def record_and_take_back(self, pick, values, which) -> None:
        """What came after an entry that is taken back stays what it was."""
        share = chosen(self._running(), pick)
        first = len(share.log)
        for n, value in enumerate(values):
            if share.is_open:
                number = value % 2 if share.goal["metric"] is Metric.BOOLEAN else value
                last = max([share.start, *(line.day for line in share.log)])
                self._record(share, number, min(last + min(n, 1) * days.DAY, share.end, self.day))
        if len(share.log) > first:
            self._void(share, first + which % (len(share.log) - first), "mistyped")

    @rule(who=PICK, amount=st.integers(0, 130), back=BACK, euro=RARELY, won_=st.sampled_from(
        ["closed_won", "closed_won", "open"]))  # fmt: skip
    @counted
    def add_record(self, who, amount, back, euro, won_) -> None:
        row = makers.deal(
            self._owner(who), amount, self.day - back * days.DAY,
            stage=won_, currency="EUR" if euro else "USD",
        )  # fmt: skip
        makers.add_deals(self.tenant, row)
        self.world.records[row["external_id"]] = Record(
            row["owner_id"], row["amount"], row["closed_on"], row["currency"], row["stage"]
        )
        self._said_by_record(f"deal of {row['owner_id']}: {amount} on {row['closed_on']} {won_}")

    @precondition(lambda self: self.world.records)
    @rule(pick=PICK, amount=st.integers(-20, 130), who=PICK, back=BACK, what=st.integers(0, 3))
    @counted
    def change_record(self, pick, amount, who, back, what) -> None:
        if key := chosen(list(self.world.records), pick):
            record = self.world.records[key]
            column, value = [
                ("amount", Decimal(amount)),
                ("owner_id", self._owner(who)),
                ("closed_on", self.day - back * days.DAY),
                ("stage", "open" if record.stage == "closed_won" else "closed_won"),
            ][what]
            with self._session("system") as db:
                mine = Opportunity.external_id == key
                db.execute(update(Opportunity).where(mine).values({column: value}))
            name = {"owner_id": "owner", "closed_on": "day"}.get(column, column)
            setattr(record, name, value)
            self._said_by_record(f"deal {key[:6]}: {column} becomes {value}")

    @precondition(lambda self: self.world.records)
    @rule(pick=PICK)
    @counted
    def delete_record(self, pick) -> None:
        if key := chosen(list(self.world.records), pick):
            with self._session("system") as db:
                db.execute(delete(Opportunity).where(Opportunity.external_id == key))
            del self.world.records[key]
            self._said_by_record(f"deal {key[:6]} is deleted")

    @rule(pick=PICK, again=FLAG, who=PICK, amount=st.integers(0, 130), back=BACK)
    @counted
    def deal_won(self, pick, again, who, amount, back) -> None:
        key = (again and chosen(list(self.world.records), pick)) or uuid4().hex
        owner, on = self._owner(who), self.day - back * days.DAY
        facts = {"external_id": key, "owner_id": owner}
        deal = makers.won_deal(None, Decimal(amount), on, **facts)
        self._do(
            f"won {key[:6]}: {amount} on {on} by {owner}",
            lambda: entries.won(
                self.world, key, Record(owner, Decimal(amount), on, "USD", "closed_won")
            ),
            lambda db: events.receive(db, deal),
        )

    @precondition(lambda self: self._reachable())
    @rule(pick=PICK, ahead=st.sampled_from([3, 10, 45]))
    @counted
    def reach_fall_and_move(self, pick, ahead) -> None:
        """In a window that was moved the milestones that are open again can be reached again."""
        share = chosen(self._reachable(), pick)
        self._record(share, int(share.target) + 1, self.day)
        self._record(share, 0, self.day)
        self._change(0, {"ends_at": self.day + ahead * days.DAY}, among=[share.goal])
        if share in self.world.shares and self.world.is_tracked(share):
            self._record(share, int(share.target) + 1, self.day)

    def _reachable(self) -> list[Share]:
        """What is measured by a number and can be recorded today."""
        plain = [s for s in self._running() if s.goal["metric"] is not Metric.BOOLEAN]
        return [s for s in plain if s.start <= self.day <= s.end]

    def _record(self, share: Share, value: int, day: date) -> None:
        given = Given(share, day, value=Decimal(value))
        self._do(
            f"record {_said(given)}",
            lambda: entries.record(self.world, given, self.cast.admin.user_id),
            lambda db: progress.record(
                db, assignment_id=self.ids[share], value=given.value, on=day
            ),
        )

    def _void(self, share: Share, which: int, note: str) -> None:
        line, entry = share.log[which], self.read.log[self.ids[share]][which].id
        self._do(
            f"void line {which} of {name_of(share)}",
            lambda: entries.void(self.world, share, line, note, self.cast.admin.user_id),
            lambda db: corrections.void(db, entry, note=note),
        )

    def _bulk(self, given: list[Given]) -> None:
        if given:
            rows = [
                Reading(
                    assignment_id=self.ids[each.share], on=each.on, value=each.value,
                    change=each.change, source=ProgressSource(each.source),
                    reference=each.reference,
                )
                for each in given
            ]  # fmt: skip
            self._do(
                f"bulk {', '.join(_said(each) for each in given)}",
                lambda: entries.bulk(self.world, given, self.cast.admin.user_id),
                lambda db: progress.bulk(db, rows),
            )

    def _said_by_record(self, what: str) -> None:
        self.trace.append(f"{self.day} {self.hour:02}h {what}")
        self.settled, self.last = False, "done"

    def _actor_of(self, share: Share) -> Actor:
        reps = {each.user_id: each for each in (self.cast.rep, self.cast.second_rep)}
        return reps.get(share.who, self.cast.admin)

    def _running(self) -> list[Share]:
        return [share for share in self._by_hand() if self.world.is_tracked(share)]

    def _referenced(self) -> list[tuple[Share, Line]]:
        return [(s, line) for s in self._by_hand() for line in s.log if line.reference]

    def _logged(self) -> list[Share]:
        """Mostly what can be taken back."""
        logged = sorted((share for share in self.world.shares if share.log), key=in_order)
        return [*[s for s in logged if s.goal.by_hand and s.is_open] * 9, *logged]

    def _owner(self, pick: int) -> UUID | None:
        return chosen([*self.users, None], pick)

    def _given(self, share: Share, value: Decimal, back: int, *, by_value: bool) -> Given:
        day = min(self.day, share.end) - back * days.DAY
        return Given(share, day, **{"value" if by_value else "change": value})


def _said(given: Given) -> str:
    number = f"{given.value}" if given.change is None else f"by {given.change}"
    reference = f" {given.source} {given.reference}" if given.reference else ""
    return f"{number} on {given.on} for {name_of(given.share)}{reference}"
