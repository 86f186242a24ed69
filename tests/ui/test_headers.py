"""The headers of every answer, with and without TLS in front."""

import base64
import hashlib
import re

import pytest
from starlette.datastructures import MutableHeaders

from tests.ui.asgi import ask, behind_the_middleware
from ui import headers, index


def test_the_policy_lets_the_pages_own_inline_scripts_run_and_no_other():
    policy = headers.content_security_policy()
    inline = re.findall(r"<script>(.*?)</script>", index.page(), re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in inline]
    assert len(digests) == policy.count("sha256-") == index.page().count("<script>") == 2
    assert all(f"'sha256-{digest}'" in policy for digest in digests)
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize("path", ["/", "/my_goals", "/static/x.js", "/auth/accept", "/auth/login"])
def test_every_answer_has_the_headers(given, path):
    given(secure_cookies="false")
    found = ask(behind_the_middleware(), path).headers
    policy = found["content-security-policy"]
    for rule in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert rule in policy
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "same-origin"
    assert found["cross-origin-opener-policy"] == "same-origin"
    assert found["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in found["permissions-policy"]


@pytest.mark.parametrize(("path", "status"), [("/auth/login", 404), ("/media/x", 401)])
def test_a_refusal_has_them_too(given, path, status):
    given(secure_cookies="false")
    refused = ask(behind_the_middleware(), path)
    assert refused.status == status
    assert "content-security-policy" in refused.headers
    assert "content-security-policy" in ask(behind_the_middleware(), "/", host="evil").headers


def test_a_browser_is_told_to_stay_with_tls_where_there_is_tls(given):
    given(secure_cookies="false")
    assert "strict-transport-security" not in ask(behind_the_middleware(), "/").headers
    given(secure_cookies="true")
    found = ask(behind_the_middleware(), "/").headers["strict-transport-security"]
    assert int(re.match(r"max-age=(\d+); includeSubDomains$", found)[1]) >= 31_536_000


@pytest.mark.parametrize("path", ["/media/x", "/auth/accept", "/_stcore/upload_file/s/f"])
def test_no_cache_keeps_what_may_concern_a_person(given, path):
    given(secure_cookies="false")
    found = ask(behind_the_middleware(), path).headers
    assert found["cache-control"] == "private, no-store"


def test_no_other_origin_is_told_that_it_may_read(given):
    given(secure_cookies="false")
    answer = ask(behind_the_middleware(), "/", headers={"origin": "http://localhost:1"})
    assert answer.status == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("secure", [True, False])
def test_every_cookie_is_secure_where_there_is_tls(given, secure):
    given(secure_cookies=str(secure))
    found = MutableHeaders()
    found.append("set-cookie", "_streamlit_xsrf=1; Path=/")
    found.append("set-cookie", "goals_session=2; secure; HttpOnly")
    headers._secure_cookies(found)
    cookies = found.getlist("set-cookie")
    assert len(cookies) == 2
    assert cookies[0].endswith("; Secure") is secure
    assert cookies[1] == "goals_session=2; secure; HttpOnly"


def test_streamlits_own_cookie_is_made_secure_on_its_way_out(given):
    given(secure_cookies="true")
    assert ask(behind_the_middleware(), "/").headers["set-cookie"].endswith("; Secure")
