"""Assignments: whose, in which window, by which target; and what no longer changes."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from goals_core.db import tenant_session
from goals_core.engine import assigning, logbook
from goals_core.engine.paging import PageRequest
from goals_core.errors import Invalid, NotAllowed, NotFound, OwnTarget, WindowClosed
from goals_core.models.goals import AssigneeType, GoalStatus, GoalType, Metric, Period
from goals_core.models.goals import AssignmentStatus as Status
from goals_core.services import assignments, progress, teams
from tests import makers
from tests.makers import TODAY, assign, by_hand, fields, make_definition, make_goal, standing

USER, TEAM, TENANT = AssigneeType
BAD_TARGETS: list[tuple[dict[str, Any], list[Any]]] = [
    ({}, [Decimal(0), Decimal(-1), Decimal("0.001"), Decimal("1e20"), Decimal("NaN"), "5", 1.5]),
    ({"type": GoalType.LIMIT}, [Decimal(-1), Decimal("0.001")]),
    ({"metric": Metric.COUNT}, [Decimal("1.5")]),
    ({"metric": Metric.BOOLEAN, "target_value": Decimal(1)}, [Decimal(2)]),
]


def definition(cast: Any, *, status: GoalStatus = GoalStatus.ACTIVE, **settings: Any) -> Any:
    with tenant_session(cast.admin) as db:
        return make_definition(db, by_hand(**settings), status=status)


def window(cast: Any, settings: dict[str, Any], **more: Any) -> str:
    """The window that an assignment of these settings comes to be in."""
    found = standing(cast.admin, make_goal(cast, cast.rep, by_hand(**settings), **more)).window
    return f"{found.start} {found.end}"


def record(cast: Any, assignment_id: Any, value: int) -> None:
    with tenant_session(cast.admin) as db:
        progress.record(db, assignment_id=assignment_id, value=Decimal(value), on=TODAY)


def update(actor: Any, assignment_id: Any, custom_target: Any, notes: str = "") -> Any:
    with tenant_session(actor) as db:
        return assignments.update(db, assignment_id, custom_target=custom_target, notes=notes)


def deeds(assignment_id: Any) -> list[Any]:
    """Everything that changes an assignment, each to be called with a session."""
    return [
        lambda db: assignments.update(db, assignment_id, custom_target=Decimal(1), notes=""),
        lambda db: assignments.cancel(db, assignment_id),
        lambda db: assignments.delete(db, assignment_id),
    ]


def test_a_person_a_team_and_the_company_can_be_assigned(cast):
    made = definition(cast)
    with tenant_session(cast.admin) as db:
        whose = {who: assign(db, made, who, notes=" go ") for who in (cast.rep, cast.north, None)}
        found = [assignments.get(db, id_) for id_ in whose.values()]
    assert [(s.assignee_type, s.assignee, s.assignee_id) for s in found] == [
        (USER, "Rep", cast.rep.user_id),
        (TEAM, "North", cast.north),
        (TENANT, "Acme", None),
    ]
    assert {(s.status, s.value, s.progress, s.notes) for s in found} == {
        (Status.ACTIVE, Decimal(0), Decimal(0), "go")
    }


def test_the_window_is_todays_or_the_first_to_come(cast):
    assert window(cast, {}) == "2026-05-01 2026-05-31"
    assert window(cast, {"period": Period.WEEKLY}) == "2026-05-18 2026-05-24"
    assert window(cast, {"starts_at": date(2026, 5, 10)}) == "2026-05-10 2026-05-31"
    assert window(cast, {"starts_at": date(2026, 7, 10)}) == "2026-07-10 2026-07-31"
    assert window(cast, {"ends_at": TODAY}) == "2026-05-01 2026-05-20"


def test_the_window_can_be_chosen_by_a_day_in_it(cast):
    assert window(cast, {}, on=date(2026, 2, 10)) == "2026-02-01 2026-02-28"
    assert window(cast, {}, on=date(2026, 12, 31)) == "2026-12-01 2026-12-31"


def test_a_window_that_closed_long_ago_is_closed_at_once(cast):
    past = standing(cast.admin, make_goal(cast, cast.rep, on=date(2026, 2, 10)))
    assert (past.status, past.is_running) == (Status.FAILED, False)


def test_a_day_without_a_window_is_refused(cast):
    over, ends = {"ends_at": TODAY - timedelta(days=1)}, {"ends_at": date(2026, 6, 30)}
    days = [(over, None), (ends, date(2026, 7, 1)), ({}, date(2025, 12, 31))]
    for settings, on in [*days, ({}, date(2200, 1, 1)), ({}, "2026-05-20")]:
        with pytest.raises(Invalid) as refused:
            window(cast, settings, on=on)
        assert fields(refused) == ["on"], on


def test_bad_targets_and_notes_are_refused_by_name(cast):
    for settings, targets in BAD_TARGETS:
        made = definition(cast, **settings)
        for target in targets:
            with tenant_session(cast.admin) as db, pytest.raises(Invalid) as refused:
                assign(db, made, cast.rep, custom_target=target)
            assert fields(refused) == ["custom_target"], (settings, target)
    for notes in ("a\0b", "a\ud800b", "x" * 2001):
        with tenant_session(cast.admin) as db, pytest.raises(Invalid) as refused:
            assign(db, made, cast.rep, notes=notes, custom_target=Decimal(0))
        assert sorted({*fields(refused)}) == ["custom_target", "notes"]
    with tenant_session(cast.admin) as db:
        assert assignments.list_(db).total == 0


def test_nobody_has_the_same_goal_twice_in_a_window(cast):
    made = definition(cast)
    with tenant_session(cast.admin) as db:
        for who, name in ((cast.rep, "Rep"), (cast.north, "North"), (None, "Acme")):
            assign(db, made, who)
            words = f"{name} has this goal already from 2026-05-01 to 2026-05-31"
            with pytest.raises(assignments.AssignedAlready, match=words):
                assign(db, made, who)
            assign(db, made, who, on=date(2026, 6, 1))
        assert assignments.by_definition(db, made).total == 6


def test_what_is_over_is_assigned_to_nobody(cast):
    for status in (GoalStatus.COMPLETED, GoalStatus.CANCELLED):
        made = definition(cast, status=status)
        with (
            tenant_session(cast.admin) as db,
            pytest.raises(assigning.GoalIsOver, match=status.value),
        ):
            assign(db, made, cast.rep)


def test_an_assignee_is_one_person_one_team_or_the_company(cast):
    made, user, team = definition(cast), {"user_id": cast.rep.user_id}, {"team_id": cast.north}
    shapes = [(USER, team), (USER, {}), (USER, user | team), (TEAM, user), (TEAM, {})]
    shapes += [(TEAM, user | team), (TENANT, user), (TENANT, team)]
    for kind, ids in shapes:
        with tenant_session(cast.admin) as db, pytest.raises(Invalid) as refused:
            assignments.create(db, definition_id=made, assignee_type=kind, **ids)
        assert fields(refused) == ["assignee"], (kind, ids)


def test_unknown_and_foreign_ids_are_not_found(cast):
    made, goal = definition(cast), make_goal(cast, cast.rep)
    for actor, who, whose in (
        (cast.admin, cast.other_manager, made),  # a person of another company
        (cast.admin, uuid4(), made),
        (cast.manager, uuid4(), makers.definition_of(cast.admin, goal)),
        (cast.admin, cast.rep, uuid4()),
        (cast.other_manager, cast.other_manager, made),  # a goal of another company
        (cast.manager, cast.rep, made),  # a goal that is nobody's yet
    ):
        with tenant_session(actor) as db, pytest.raises(NotFound):
            assign(db, whose, who)
    for actor, id_ in ((cast.admin, uuid4()), (cast.other_manager, goal)):
        for deed in (lambda db, id_=id_: assignments.get(db, id_), *deeds(id_)):
            with tenant_session(actor) as db, pytest.raises(NotFound):
                deed(db)


def test_only_who_manages_goals_assigns_to_themselves(cast):
    with tenant_session(cast.manager) as db:
        made = make_definition(db, by_hand())
        with pytest.raises(OwnTarget):
            assign(db, made, cast.manager)
        for who in (cast.south_rep, cast.south, None):
            with pytest.raises(NotAllowed):
                assign(db, made, who)
        assert assign(db, made, cast.rep)
        assert assign(db, made, cast.north)
    with tenant_session(cast.admin) as db:
        assert assign(db, made, cast.admin)


def test_a_value_is_computed_at_once_when_the_goal_is_active(cast):
    makers.add_deals(cast.tenant, makers.deal(cast.rep, 250), makers.deal(cast.second_rep, 50))
    values = {}
    for status in (GoalStatus.ACTIVE, GoalStatus.DRAFT, GoalStatus.PAUSED):
        with tenant_session(cast.admin) as db:
            made = make_definition(db, makers.from_sales(), status=status)
            ids = [assign(db, made, who) for who in (cast.rep, cast.north)]
            values[status.value] = [assignments.get(db, id_).value for id_ in ids]
    assert values == {"active": [250, 300], "draft": [0, 0], "paused": [0, 0]}


def test_a_list_keeps_what_meets_every_filter(cast):
    first, second = definition(cast, name="A"), definition(cast, name="B")
    june = date(2026, 6, 30)
    with tenant_session(cast.admin) as db:
        a = assign(db, first, cast.rep)
        later = assign(db, first, cast.rep, on=june)
        b = assign(db, second, cast.rep)
        team = assign(db, second, cast.north)
        assignments.cancel(db, b)

        def ids(**wanted: Any) -> list[Any]:
            return [found.id for found in assignments.list_(db, **wanted).items]

        assert ids() == [later, a, b, team]
        assert ids(user_id=cast.rep.user_id) == [later, a, b]
        assert ids(definition_id=second) == [b, team]
        assert ids(team_id=cast.north) == [team]
        assert ids(status=Status.CANCELLED) == [b]
        assert ids(on=june) == [later]
        assert ids(definition_id=first, on=TODAY, user_id=cast.rep.user_id) == [a]
        assert ids(team_id=cast.south) == []


def test_a_persons_and_a_definitions_assignments_come_in_pages(cast):
    made, me = definition(cast), cast.rep.user_id
    with tenant_session(cast.admin) as db:
        goals = [assign(db, made, cast.rep, on=date(2026, month, 1)) for month in (5, 6, 7, 8, 9)]
        assign(db, definition(cast), cast.second_rep)
        for read, of in ((assignments.by_user, me), (assignments.by_definition, made)):
            pages = [read(db, of, page=PageRequest(number, 2)) for number in (1, 2, 3)]
            assert [s.id for page in pages for s in page.items] == goals[::-1]
            assert {(page.total, page.pages) for page in pages} == {(5, 3)}
        assert assignments.by_user(db, uuid4()).items == []
        with pytest.raises(NotFound):
            assignments.by_definition(db, uuid4())


def test_what_a_goal_asks_for_is_told_to_who_sees_it_and_to_nobody_else(cast):
    draft = makers.from_sales(name="Won deals")
    goal = make_goal(cast, cast.rep, draft)
    with tenant_session(cast.rep) as db:
        assert assignments.settings_of(db, goal) == draft
    for actor in (cast.second_rep, cast.south_manager, cast.other_manager):
        with tenant_session(actor) as db, pytest.raises(NotFound):
            assignments.settings_of(db, goal)


def test_an_own_target_moves_progress_and_status_both_ways(cast):
    goal = make_goal(cast, cast.rep)
    record(cast, goal, 50)
    steps = [
        (50, "achieved", 100),
        (200, "active", 25),
        (None, "active", 50),
        (40, "achieved", 100),
    ]
    for target, status, percent in steps:
        found = update(cast.manager, goal, target and Decimal(target), " why ")
        assert (found.status.value, found.progress, found.notes) == (status, percent, "why")
        assert found.has_own_target is (target is not None)
    with pytest.raises(Invalid) as refused:
        update(cast.admin, goal, Decimal(0), "\0")
    assert fields(refused) == ["notes", "custom_target"]
    assert standing(cast.rep, goal).notes == "why"


def test_a_manager_changes_the_notes_of_their_own_goal_but_not_its_target(cast):
    with tenant_session(cast.admin) as db:
        manager = {"user_id": cast.manager.user_id, "member_from": TODAY}
        teams.add_member(db, team_id=cast.north, **manager)
    goal = make_goal(cast, cast.manager)
    with pytest.raises(OwnTarget):
        update(cast.manager, goal, Decimal(1))
    assert update(cast.manager, goal, None, "mine").notes == "mine"
    assert update(cast.admin, goal, Decimal(1)).target == 1


def test_only_who_may_assign_changes_an_assignment(cast):
    company = make_goal(cast, None)
    for actor in (cast.manager, cast.rep, cast.analyst):  # in sight, but not theirs
        for deed in deeds(company):
            with tenant_session(actor) as db, pytest.raises(NotAllowed, match="goals:assign"):
                deed(db)


def test_what_is_cancelled_keeps_its_log_and_takes_no_more(cast):
    goal = make_goal(cast, cast.rep)
    record(cast, goal, 50)
    with tenant_session(cast.manager) as db:
        found = assignments.cancel(db, goal)
        assert (found.status, found.value) == (Status.CANCELLED, 50)
        assert progress.history(db, goal).total == 1
    with pytest.raises(logbook.NotRunning, match="cancelled"):
        record(cast, goal, 60)


def test_an_assignment_is_deleted_while_there_is_no_progress(cast):
    goal, kept = make_goal(cast, cast.rep), make_goal(cast, cast.rep)
    record(cast, kept, 1)
    with tenant_session(cast.manager) as db:
        assignments.delete(db, goal)
        with pytest.raises(assignments.AssignmentHasProgress, match="cancel it"):
            assignments.delete(db, kept)
        assert [found.id for found in assignments.list_(db).items] == [kept]


def test_nothing_of_a_closed_window_changes(cast):
    goal = make_goal(cast, cast.rep, on=date(2026, 2, 10))
    before = standing(cast.admin, goal)
    for deed in deeds(goal):
        with (
            tenant_session(cast.admin) as db,
            pytest.raises(WindowClosed, match="2026-05-20"),
        ):
            deed(db)
    assert standing(cast.admin, goal) == before
