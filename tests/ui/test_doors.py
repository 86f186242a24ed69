"""The doors before Streamlit's routes, with a real session in hand."""

import pytest

from goals_core import db
from goals_core.services import signin
from tests.ui.asgi import ask, behind_the_middleware
from ui.doors import DOORS, Door, door_of, is_personal


@pytest.fixture
def token(cast):
    login = signin.prove(cast.rep.email, cast.PASSWORD)
    with db.tenant_session(login.actor) as session:
        return signin.open_session(session, login)


def cookie(token: str) -> dict[str, str]:
    return {"cookie": f"goals_session={token}"}


@pytest.mark.parametrize("path", ["/media/x.csv", "/_stcore/upload_file/s/f"])
def test_whoever_is_signed_in_gets_through(token, path):
    assert ask(behind_the_middleware(), path, headers=cookie(token)).status == 200


def test_a_wrong_token_and_none_are_answered_alike(token):
    for given in ({}, cookie("x"), cookie(token[:-1]), {"cookie": f"session={token}"}):
        answer = ask(behind_the_middleware(), "/media/x.csv", headers=given)
        assert (answer.status, answer.body) == (401, b"Please sign in.")


def test_a_session_that_has_ended_opens_no_door(token):
    actor = signin.check(token)
    with db.tenant_session(actor) as session:
        signin.revoke(session)
    assert ask(behind_the_middleware(), "/media/x.csv", headers=cookie(token)).status == 401


def test_what_is_shut_is_shut_to_everybody(token):
    for path in ("/_stcore/metrics", "/_stcore/agent/mcp", "/auth/login", "/component/x/y.js"):
        assert ask(behind_the_middleware(), path, headers=cookie(token)).status == 404


def test_the_longest_beginning_decides():
    assert door_of("/_stcore/health") is Door.OPEN
    assert door_of("/_stcore/healthy") is Door.SHUT
    assert door_of("/_stcore/upload_file/s/f") is Door.SIGNED_IN
    assert door_of("/anything") is Door.OPEN
    assert door_of("media/x") is Door.SHUT  # no path of HTTP, so nothing is lost


def test_what_is_behind_a_sign_in_and_is_a_file_is_personal():
    files = {path for path, door in DOORS.items() if door is Door.SIGNED_IN}
    assert {path for path in files if is_personal(path)} == files - {"/_stcore/bidi-components/"}
