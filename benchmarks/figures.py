"""How a benchmark tells what it measured: a line each, or JSON for another program."""

import json
from collections.abc import Mapping


def tell(figures: Mapping[str, float], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:26} {figure:>12,.3f}" for name, figure in figures.items()))
