"""The Chromium that browser tests drive: an installed one, else Debian's package.

`python -m tests.browser` makes sure that there is one, or says what to install and fails.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NEEDED = (
    "The browser tests need Chromium. Install it (on Debian or Ubuntu: apt-get install chromium),"
    " or name its program in GOALS_CHROMIUM."
)


def find() -> str | None:
    """The program's path, None when there is none."""
    named = os.environ.get("GOALS_CHROMIUM")
    return next((path for name in (named, *NAMES) if name and (path := shutil.which(name))), None)


def ensure() -> str:
    """Find Chromium or, as root on Debian, install it."""
    if (found := find()) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Debian's Chromium", file=sys.stderr)  # noqa: T201  (a command speaks)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in ("update", "install -y --no-install-recommends chromium fonts-dejavu-core"):
            subprocess.run(
                ["apt-get", "-qq", *command.split()],
                check=False,
                env=environment,
                stdout=subprocess.DEVNULL,
            )
        found = find()
    return found or sys.exit(NEEDED)


if __name__ == "__main__":
    ensure()
