"""`python -m tests.audit`: what is known to be dangerous, in the code and in what it leans on.

bandit reads the code. pip-audit asks an advisory source about every pinned package; where none can
be reached, that is said and nothing fails. Exceptions and their reasons: tests/audit.toml.
"""

import json
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CODE = ("app.py", "goals_core", "ui", "pages", "migrations")
PINS = "requirements-dev.txt"  # it takes in requirements.txt
SOURCES = ("pypi", "osv")  # the second is asked where the first does not answer
PATIENCE = 20  # seconds for all; what was answered by then is there at once the next time

EXCEPTIONS = Path(__file__).with_name("audit.toml")
_ROOT = EXCEPTIONS.parent.parent


@dataclass(frozen=True)
class Advisory:
    package: str  # and its version
    names: tuple[str, ...]  # the same has one in every list


@dataclass(frozen=True)
class Verdict:
    """What an advisory source says of the pinned packages."""

    asked: int  # packages that it knows
    unknown: list[str]
    found: list[Advisory]


def audit() -> int:
    """Print what was found; the exit code."""
    reading = _start("bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", *CODE)
    verdict = ask_sources()  # meanwhile
    output, _ = reading.communicate()
    if reading.returncode != 0:
        _say(output)
    problems = [] if verdict is None else list(problems_of(verdict, exceptions()))
    for problem in problems:
        _say(problem)
    if verdict is None:
        _say("audit: no advisory source can be reached; the packages were not checked")
    elif verdict.unknown:
        _say(f"audit: not known to the advisory source: {', '.join(verdict.unknown)}")
    return int(reading.returncode != 0 or bool(problems))


def ask_sources() -> Verdict | None:
    """The first source's answer that is one."""
    deadline = time.monotonic() + PATIENCE
    for source in SOURCES:
        asking = _start(
            *("pip_audit", "--requirement", PINS, "--no-deps", "--disable-pip"),
            *("--format", "json", "--progress-spinner", "off"),
            *("--vulnerability-service", source, "--timeout", "5"),
        )
        try:
            output, _ = asking.communicate(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            asking.kill()
            asking.communicate()
            continue
        if (verdict := read(output)) is not None:
            return verdict
    return None


def read(output: str) -> Verdict | None:
    """What pip-audit has written; None when it got no answer about any package."""
    start = output.find("{")
    if start < 0:
        return None
    packages = json.loads(output[start:])["dependencies"]
    asked = [package for package in packages if "skip_reason" not in package]
    found = [
        Advisory(f"{package['name']} {package['version']}", (each["id"], *each["aliases"]))
        for package in asked
        for each in package["vulns"]
    ]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    return Verdict(len(asked), unknown, found) if asked else None


def exceptions() -> dict[str, str]:
    """What cannot be mended: the id of an advisory and why it does not concern us."""
    return {key: str(reason) for key, reason in tomllib.loads(EXCEPTIONS.read_text()).items()}


def problems_of(verdict: Verdict, excepted: Mapping[str, str]) -> Iterator[str]:
    for advisory in verdict.found:
        if not any(excepted.get(name, "").strip() for name in advisory.names):
            yield f"audit: {advisory.package} is vulnerable: {', '.join(advisory.names)}"
    for name in excepted.keys() - {name for each in verdict.found for name in each.names}:
        yield f"audit: {name} is an exception in tests/audit.toml and no longer needed"


def _start(module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201  (a command speaks)


if __name__ == "__main__":
    sys.exit(audit())
