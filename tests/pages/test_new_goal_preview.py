"""New goal: which records count now, and where each assignee would stand."""

from decimal import Decimal

from goals_core.kinds import Metric, Period, Source
from tests import makers
from tests.pages.forms import fill, has_table, open_page, press, problems, table
from tests.pages.goal_form import key_of, new, standings
from tests.pages.shown import words


def metric(at, label):
    return next(each.value for each in at.metric if each.label.startswith(label))


def test_the_preview_says_what_the_assignments_get(cast, at_new):
    press(at_new, "new_goal_filter_add")
    fill(at_new, **new(sales_0_column="stage", sales_0_stage_text="closed_won"))
    own = {f"custom_target_{key_of(cast.second_rep)}": "600"}
    fill(at_new, **new(assignees=[key_of(cast.rep), key_of(cast.second_rep)], **own))

    assert metric(at_new, "Records that count in") == "3"
    assert "Sum of amount of won opportunities, by close date" in words(at_new)
    expected = table(at_new, "who")
    assert expected[["who", "value", "share"]].values.tolist() == [
        ["Rep", "$2,000", "200%"],
        ["Second Rep", "$300", "50%"],
    ]
    press(at_new, "new_goal_activate")
    got = {one.assignee: (one.value, one.attainment) for one in standings(cast.manager)}
    assert got == {
        "Rep": (Decimal(2000), Decimal(200)),
        "Second Rep": (Decimal(300), Decimal(50)),
    }


def test_the_preview_needs_no_name_and_no_target(cast, deals):
    at = open_page(cast.manager, "new_goal")
    assert metric(at, "Records that count in Q2 2026") == "4"


def test_the_records_are_read_anew_only_where_what_was_entered_decides_which_count(cast, at_new):
    def reads(**entered):
        with makers.statements() as sent:
            fill(at_new, **new(**entered))
        return sum("sales.opportunities" in sql for sql, _ in sent)

    fill(at_new, **new(period=Period.QUARTERLY))
    assert reads(name="Sales of the north") == 0
    assert reads(metric=Metric.COUNT) > 0
    assert reads(description="All that was won") == 0


def test_the_preview_warns_of_what_is_left_out(cast, deals):
    makers.add_deals(cast.tenant, makers.deal(cast.rep, 5, currency="EUR"))
    at = open_page(cast.manager, "new_goal")
    told = "1 record is left out: there is no exchange rate for its day."
    assert told in [warning.value for warning in at.warning]
    assert "left out" in table(at, "amount")["amount"].tolist()


def test_the_preview_of_a_goal_by_hand_says_so(cast, at_new):
    fill(at_new, **new(source=Source.MANUAL))
    assert "Tracked by hand: its value is what people record." in [c.value for c in at_new.caption]
    assert not has_table(at_new, "amount")


def test_the_preview_waits_for_a_condition_that_is_not_complete(at_new):
    press(at_new, "new_goal_filter_add")
    assert not has_table(at_new, "amount")
    assert problems(at_new) == []
