"""The Chromium that browser tests drive: an installed one, else Debian's package.

The one without a window goes first: the other draws its own buttons for every page, as pages too.
`python -m tests.browser` makes sure that there is one, or says what to install and fails.
"""

import os
import shutil
import subprocess
import sys

WITHOUT_WINDOW = ("chromium-headless-shell", "chrome-headless-shell")
WITH_WINDOW = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium-headless-shell", "chromium")
NEEDED = (
    "The browser tests need Chromium. Install it (on Debian or Ubuntu: apt-get install chromium),"
    " or name its program in GOALS_CHROMIUM."
)


def find() -> str | None:
    """The program's path, None when there is none."""
    return _first(*WITHOUT_WINDOW) or _first(*WITH_WINDOW)


def ensure() -> str:
    """Find Chromium or, as root on Debian, install it."""
    return find() or prepare()


def prepare() -> str:
    """The same, and where there is only the one with a window, the other is installed too."""
    if _first(*WITHOUT_WINDOW) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Debian's Chromium", file=sys.stderr)  # noqa: T201  (a command speaks)
        _apt_get("update")
        for package in PACKAGES:
            if find() is None or package == PACKAGES[0]:
                _apt_get("install", "-y", "--no-install-recommends", package, "fonts-dejavu-core")
    return find() or sys.exit(NEEDED)


def _first(*names: str) -> str | None:
    """The first of these programs that there is; the one that is named goes before them."""
    named = os.environ.get("GOALS_CHROMIUM")
    return next((path for name in (named, *names) if name and (path := shutil.which(name))), None)


def _apt_get(*words: str) -> None:
    patience = ("-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=20")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        ["apt-get", "-qq", *patience, *words],
        check=False,
        env=environment,
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    prepare()
