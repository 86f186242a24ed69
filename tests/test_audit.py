"""The audit itself: a finding fails, an exception has a reason, silence is said and no finding."""

import json
import subprocess
import sys
import time

import pytest

from tests import audit

SOUND = {"name": "sound", "version": "1.0", "vulns": []}
BROKEN = {
    "name": "broken",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1", "GHSA-1"], "fix_versions": []}],
}
UNKNOWN = {"name": "own", "skip_reason": "Dependency not found"}


def answer(*packages: dict[str, object], before: str = "") -> str:
    return before + json.dumps({"dependencies": packages, "fixes": []})


@pytest.fixture
def told(monkeypatch, capsys):
    """Runs the audit with what the sources and bandit say, and hands out code and lines."""

    def run(*, verdict, code=0, output=""):
        program = f"import sys; sys.stdout.write({output!r}); sys.exit({code})"
        started = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
        )
        monkeypatch.setattr(audit, "_start", lambda *_: started)
        monkeypatch.setattr(audit, "ask_sources", lambda: verdict)
        return audit.audit(), capsys.readouterr().err

    return run


def test_what_is_vulnerable_is_found_by_all_its_names():
    verdict = audit.read(answer(SOUND, BROKEN, UNKNOWN, before="No known\n"))
    assert (verdict.asked, verdict.unknown) == (2, ["own"])
    assert list(audit.problems_of(verdict, {})) == [
        "audit: broken 2.0 is vulnerable: PYSEC-1, CVE-1, GHSA-1"
    ]


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-1"])
def test_an_exception_with_a_reason_lets_it_pass_by_any_of_its_names(name):
    verdict = audit.read(answer(BROKEN))
    assert list(audit.problems_of(verdict, {name: "never called"})) == []
    assert len(list(audit.problems_of(verdict, {name: " "}))) == 1


def test_an_exception_that_is_no_longer_needed_is_a_problem():
    (problem,) = audit.problems_of(audit.read(answer(SOUND)), {"CVE-2": "x"})
    assert "CVE-2" in problem
    assert "no longer needed" in problem


@pytest.mark.parametrize("output", ["", "Traceback", answer(UNKNOWN), answer()])
def test_no_answer_about_any_package_is_no_verdict(output):
    assert audit.read(output) is None


def test_the_file_of_exceptions_gives_a_reason_for_each():
    assert all(reason.strip() for reason in audit.exceptions().values())


def test_the_exit_code_says_whether_something_was_found(told):
    sound, broken = (audit.read(answer(each)) for each in (SOUND, BROKEN))
    assert told(verdict=sound) == (0, "")
    assert told(verdict=broken)[0] == 1
    code, lines = told(verdict=sound, code=1, output=">> Issue: x")
    assert code == 1
    assert "Issue" in lines


def test_without_a_source_it_says_so_in_one_line_and_goes_on(told):
    code, lines = told(verdict=None)
    assert code == 0
    assert lines.count("\n") == 1
    assert "no advisory source can be reached" in lines


def test_a_source_that_does_not_answer_in_time_is_not_waited_for(monkeypatch):
    started = []

    def start(*_):
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    monkeypatch.setattr(audit, "_start", start)
    monkeypatch.setattr(audit, "PATIENCE", 0.5)
    began = time.monotonic()
    assert audit.ask_sources() is None
    assert time.monotonic() - began < 10
    assert [each.poll() is not None for each in started] == [True, True]


def test_the_first_source_that_answers_is_believed(monkeypatch):
    answers = {"pypi": answer(UNKNOWN), "osv": answer(BROKEN)}

    def start(*arguments):
        source = arguments[arguments.index("--vulnerability-service") + 1]
        command = [sys.executable, "-c", f"print({answers[source]!r})"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    monkeypatch.setattr(audit, "_start", start)
    assert audit.ask_sources().found[0].package == "broken 2.0"


def test_the_code_is_really_read(tmp_path, monkeypatch, capsys):
    (tmp_path / "bad.py").write_text("import pickle\npickle.loads(b'x')\n")
    monkeypatch.setattr(audit, "CODE", (str(tmp_path),))
    monkeypatch.setattr(audit, "ask_sources", lambda: None)
    assert audit.audit() == 1
    assert "pickle" in capsys.readouterr().err
