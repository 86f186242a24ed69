"""As the services' tests: one pool for all tests of the package."""

from tests.services.conftest import connected, pool

__all__ = ["connected", "pool"]
