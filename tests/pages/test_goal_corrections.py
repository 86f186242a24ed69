"""Goal: taking an entry of the progress log back, and what the log says of it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.kinds import GoalStatus, GoalType, Metric, Period
from goals_core.services import assignments, corrections, definitions, progress
from tests.makers import TODAY, by_hand, definition_of, from_sales, make_goal, standing
from tests.pages.forms import errors, keys, press, problem_at, rows, said, widget
from tests.pages.goal_page import LOG, open_goal, record
from tests.pages.shown import table, tiles, words


def change(actor, goal, by, on=TODAY, note=""):
    with tenant_session(actor) as db:
        progress.record(db, assignment_id=goal, change=Decimal(by), on=on, note=note)


def entries(actor, goal):
    with tenant_session(actor) as db:
        return progress.history(db, goal).items


def select(at, row):
    """Tick a line of the log."""
    (log,) = [each for each in at.dataframe if each.proto.alt == LOG]
    at.session_state[log.key] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    return at


def take_back(at, row, note=""):
    press(select(at, row), "take_back")
    (field,) = [key for key in keys(at) if key.startswith("take_back_note_")]
    widget(at, field).set_value(note)
    return press(at, "take_back_yes")


def kinds(at):
    return list(table(at, LOG)["kind"])


@pytest.fixture
def goal(cast):
    """A rep's goal: 30, then 10 more, then counted anew as 50."""
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 30, TODAY - timedelta(days=3))
    change(cast.rep, goal, 10, note="By phone")
    record(cast.rep, goal, 50)
    return goal


class TestTheLog:
    def test_each_entry_says_how_it_came(self, cast, goal):
        assert kinds(open_goal(cast.rep, goal)) == ["New value", "Change", "New value"]

    def test_what_was_taken_back_says_so_in_words_and_in_grey(self, cast, goal):
        with tenant_session(cast.rep) as db:
            corrections.void(db, entries(cast.rep, goal)[1].id)
        at = open_goal(cast.rep, goal)
        assert kinds(at) == ["Correction", "New value", "Change, taken back", "New value"]
        (log,) = [each for each in at.dataframe if each.proto.alt == LOG]
        styles = log.proto.arrow_data.styler.styles
        assert "row2_col0" in styles
        assert "row1_col0" not in styles

    def test_nothing_is_greyed_while_nothing_was_taken_back(self, cast, goal):
        (log,) = [e for e in open_goal(cast.rep, goal).dataframe if e.proto.alt == LOG]
        assert "color" not in log.proto.arrow_data.styler.styles


class TestTakingBack:
    def test_the_value_the_log_and_the_sentence_follow(self, cast, goal):
        change(cast.rep, goal, 12)
        at = take_back(open_goal(cast.rep, goal), 0, note="Counted twice")
        assert said(at) == ["Taken back: Calls is at 50\N{NO-BREAK SPACE}calls now."]
        assert tiles(at)["Reached"] == "50 calls"
        assert standing(cast.rep, goal).value == 50
        first = table(at, LOG).iloc[0]
        assert (first["kind"], first["change"], first["note"]) == (
            "Correction",
            "-12 calls",
            "Counted twice",
        )

    def test_the_question_says_which_entry_and_what_becomes_of_it(self, cast, goal):
        at = press(select(open_goal(cast.rep, goal), 1), "take_back")
        assert "+10 calls · May 20, 2026 · Rep" in words(at)
        assert "By phone" in words(at)
        assert "Calls is at 50 calls now." in words(at)
        assert "new values recorded later stay as they are" in words(at)
        assert standing(cast.rep, goal).value == 50

    def test_of_a_new_value_it_says_what_later_changes_count_from(self, cast, goal):
        at = press(select(open_goal(cast.rep, goal), 0), "take_back")
        assert "50 calls · May 20, 2026 · Rep" in words(at)
        assert "count from the value before it" in words(at)
        press(at, "take_back_yes")
        assert standing(cast.rep, goal).value == 40

    def test_it_can_be_kept(self, cast, goal):
        at = press(select(open_goal(cast.rep, goal), 1), "take_back")
        before = rows(cast.rep)
        press(at, "take_back_no")
        assert "take_back_yes" not in keys(at)
        assert rows(cast.rep) == before

    def test_afterwards_nothing_is_selected(self, cast, goal):
        at = take_back(open_goal(cast.rep, goal), 1)
        assert not {"take_back", "take_back_yes"} & set(keys(at))
        assert "Select an entry to take it back." in words(at)

    def test_an_entry_of_the_second_page_is_the_one_that_was_selected(self, cast):
        goal = make_goal(cast, cast.rep)
        for number in range(1, 13):
            change(cast.rep, goal, number)
        at = open_goal(cast.rep, goal)
        widget(at, "log_page").set_value(2).run()
        take_back(at, 1)  # the oldest: a change of 1
        assert standing(cast.rep, goal).value == 77
        oldest = entries(cast.rep, goal)[-1]
        assert (oldest.change, oldest.is_voided) == (1, True)

    def test_another_page_begins_with_nothing_selected(self, cast):
        goal = make_goal(cast, cast.rep)
        for number in range(1, 13):
            change(cast.rep, goal, number)
        at = select(open_goal(cast.rep, goal), 1)
        assert "take_back" in keys(at)
        widget(at, "log_page").set_value(2).run()
        assert "take_back" not in keys(at)

    def test_the_log_of_a_single_day_is_no_different(self, cast):
        goal = make_goal(cast, cast.rep, by_hand(period=Period.DAILY))
        change(cast.rep, goal, 3)
        at = take_back(open_goal(cast.rep, goal), 0)
        assert tiles(at)["Reached"] == "0 calls"

    def test_a_limit_that_was_exceeded_by_mistake_holds_again(self, cast):
        goal = make_goal(cast, cast.rep, by_hand(type=GoalType.LIMIT))
        change(cast.rep, goal, 400)
        at = open_goal(cast.rep, goal)
        assert "Failed" in words(at)
        assert "Failed" not in words(take_back(at, 0))


class TestWhatIsNotOffered:
    def test_a_correction_and_what_was_taken_back(self, cast, goal):
        with tenant_session(cast.rep) as db:
            corrections.void(db, entries(cast.rep, goal)[1].id)
        at = select(open_goal(cast.rep, goal), 0)
        assert "A correction stays; record anew what should count." in words(at)
        select(at, 2)
        assert "This entry is taken back already." in words(at)
        assert "take_back" not in keys(at)

    @pytest.mark.parametrize("who", ["rep", "manager", "admin"])
    def test_who_may_record_can_select(self, cast, goal, who):
        assert "Select an entry" in words(open_goal(getattr(cast, who), goal))

    def test_who_may_not_record_only_reads(self, cast, goal):
        at = open_goal(cast.analyst, goal)
        assert len(table(at, LOG)) == 3
        assert "Select an entry" not in words(at)

    def test_what_tracks_itself_has_nothing_to_take_back(self, cast):
        at = open_goal(cast.rep, make_goal(cast, cast.rep, from_sales()))
        at.session_state["tab"] = LOG
        assert "Select an entry" not in words(at.run())

    def test_a_paused_goal_only_shows_its_log(self, cast, goal):
        with tenant_session(cast.admin) as db:
            definitions.set_status(db, definition_of(cast.admin, goal), GoalStatus.PAUSED)
        assert "Select an entry" not in words(open_goal(cast.rep, goal))

    def test_a_cancelled_assignment_takes_nothing_and_gives_nothing_back(self, cast, goal):
        with tenant_session(cast.admin) as db:
            assignments.cancel(db, goal)
        at = open_goal(cast.rep, goal)
        assert "Select an entry" not in words(at)
        assert "record" not in keys(at)

    def test_a_window_to_come_takes_nothing_yet(self, cast):
        goal = make_goal(cast, cast.rep, on=date(2026, 6, 1))
        at = open_goal(cast.rep, goal)
        assert not at.exception
        assert "record" not in keys(at)
        assert tiles(at)["Begins on"] == "Jun 1, 2026"


class TestRefusals:
    def test_a_note_that_cannot_be_stored_is_told_at_its_field_and_stays(self, cast, goal):
        at = take_back(open_goal(cast.rep, goal), 1, note="x" * 2001)
        (field,) = [key for key in keys(at) if key.startswith("take_back_note_")]
        assert problem_at(at, field) == "At most 2,000 characters; this has 2,001."
        assert widget(at, field).value == "x" * 2001
        assert len(entries(cast.rep, goal)) == 3

    def test_what_others_need_stays(self, cast):
        goal = make_goal(cast, cast.rep, by_hand(metric=Metric.COUNT))
        change(cast.rep, goal, 5)
        change(cast.rep, goal, -4)
        at = take_back(open_goal(cast.rep, goal), 1, note="A mistake")
        assert errors(at) == [
            "Without this entry Calls would be at -4 on May 20, 2026, which cannot be."
        ]
        (field,) = [key for key in keys(at) if key.startswith("take_back_note_")]
        assert widget(at, field).value == "A mistake"
        assert standing(cast.rep, goal).value == 1

    def test_what_somebody_else_has_taken_back_meanwhile_is_told(self, cast, goal):
        at = press(select(open_goal(cast.rep, goal), 1), "take_back")
        with tenant_session(cast.manager) as db:
            corrections.void(db, entries(cast.rep, goal)[1].id)
        press(at, "take_back_yes")
        assert errors(at) == ["This entry of May 20, 2026 was taken back already."]
        assert said(at) == []

    def test_a_goal_that_was_paused_meanwhile_closes_the_question(self, cast, goal):
        at = press(select(open_goal(cast.rep, goal), 1), "take_back")
        with tenant_session(cast.admin) as db:
            definitions.set_status(db, definition_of(cast.admin, goal), GoalStatus.PAUSED)
        at.run()
        assert "take_back_yes" not in keys(at)
        assert len(entries(cast.rep, goal)) == 3


def test_notes_are_shown_as_they_are_written(cast):
    evil = "![x](https://evil.example/x.png) <b>b</b>"
    goal = make_goal(cast, cast.rep, by_hand(name=evil))
    change(cast.rep, goal, 1, note=evil)
    at = press(select(open_goal(cast.rep, goal), 0), "take_back")
    assert evil in words(at)
    assert not any("](" in e.value for kind in (at.markdown, at.caption) for e in kind)
