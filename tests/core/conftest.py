"""Settings as the environment gives them."""

from collections.abc import Callable, Iterator

import pytest

from goals_core import config
from goals_core.config import Settings


@pytest.fixture
def given_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Settings]]:
    """Sets settings as the environment would: `given_settings(log="json")`."""
    config.settings.cache_clear()

    def set_up(**values: str) -> Settings:
        for name, value in values.items():
            monkeypatch.setenv(f"GOALS_{name.upper()}", value)
        config.settings.cache_clear()
        return config.settings()

    yield set_up
    config.settings.cache_clear()
