"""What a benchmark is asked, and how it tells what it measured: a line each, or JSON."""

import argparse
import json
from collections.abc import Mapping


def arguments(about: str | None, **numbers: int) -> argparse.ArgumentParser:
    """`--json`, and how much of everything, with what it is unless told otherwise."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--json", action="store_true")
    for name, number in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=number)
    return parser


def tell(figures: Mapping[str, float], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:26} {figure:>12,.3f}" for name, figure in figures.items()))
