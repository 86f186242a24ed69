"""Which passwords are taken: those that nobody tries first."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from goals_core.checks import Checks
from goals_core.engine import passwords

ANN = ("Ann Lee-Moore", "ann.lee@acme-tools.example", "Acme Tools, Inc.")


def problems(password, about=()):
    checks = Checks()
    passwords.check(checks, password, about=about)
    return [str(problem) for problem in checks.problems]


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "123456789012",
        "qwertyuiop12",
        "iloveyou1234",
        "passwordpassword",
        "P@ssw0rd2026",
        "abcdefghijklm",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "trustno1trustno1trustno1trustno1trustno1",
        "ñ" * 36,
    ],
)
def test_common_ones_are_refused_with_what_to_do_instead(password):
    (problem,) = problems(password)
    assert problem.startswith("This is easy to guess. Four words")


@pytest.mark.parametrize(
    "password",
    ["annlee-moore", "Ann.Lee@acme-tools", "acmetools2026", "acme-tools-inc", "moore acme tools"],
)
def test_words_that_others_know_of_a_person_make_no_password(password):
    assert problems(password, ANN)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "  kettle orbit fern  ",
        "señor Ñandú cruza 7 ríos",
        "木曜日に雨が降れば泳ぐ",
        "7#kq9!Lw2@zPx",
        "aaaaaaaaaaaaaaaaaaaaaaaa kettle orbit fern mirror",
        "x7#kq9!Lw2@zP" * 5,
    ],
)
def test_any_characters_will_do(password):
    assert problems(password, ANN) == []


@pytest.mark.parametrize("length", [0, 11, 73])
def test_the_length_is_counted_in_bytes(length):
    assert problems("x7#kq9!Lw2@z" * 10)[0] == problems("q" * length)[0]
    assert problems("q" * length) == ["A password has 12 to 72 bytes."]


def test_what_cannot_be_stored_is_no_password():
    assert problems("kettle orbit \ud800 fern") == [
        "This contains characters that cannot be stored."
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        "4@8({[<369!1|0$5+7%2" * 4,
        "@8({[<369#!1|07+%2$5z4" * 4,
        "(<{[4@5$7+01!|3" * 5,
        "#+|/%@<00{4(46[#$22(8$8$($4@$@9[$/3([$7+/4/168$+4{5!|02%%793+18514(/!(@(",
        "11.1.1990" * 8,
        "1" * 72,
    ],
)
def test_no_text_keeps_the_check_busy(hostile):
    """Signs that stand for letters, all combinations of which would take ten seconds."""
    passwords.is_common("so that the lists are read before")
    started = time.process_time()
    passwords.is_common(hostile[:72], ANN)
    assert time.process_time() - started < 1.5  # a seventh of it, as a rule


@pytest.mark.parametrize(
    "password", ["!@#$%^&*()_+", "p@$$w0rd!!!!!!", "(0mput3r!(0mput3r!", "1l0v3y0u!1990"]
)
def test_signs_in_place_of_letters_make_no_password(password):
    assert len(problems(password)) == 1


def test_what_is_known_of_one_person_is_not_asked_of_another_at_the_same_time():
    def judge(about):
        return {passwords.is_common("zorblaxquimby12345678", about) for _ in range(60)}

    with ThreadPoolExecutor(2) as pool:
        theirs, nobodys = pool.map(judge, (("Zorblax Quimby",), ("Ann Lee-Moore",)))
    assert (theirs, nobodys) == ({True}, {False})
