"""The settings, read once from the environment; a wrong value stops the start and names itself."""

from datetime import datetime
from functools import cache
from pathlib import Path

from pydantic import AwareDatetime, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent
DRIVER = "postgresql+psycopg://"


class Settings(BaseSettings):
    """Each field is the environment variable `GOALS_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="GOALS_", env_ignore_empty=True)

    database_url: str | None = Field(None, description="the application's role")
    migration_url: str | None = Field(None, description="the owner of the schema")
    home: Path = Field(PROJECT / ".goals", description="where the embedded server keeps its data")
    now: AwareDatetime | None = Field(None, description="fixes the clock, for demos and tests")
    demo: bool = Field(True, description="load the demo into an empty embedded database")
    pool_size: int = Field(10, ge=1, le=200, description="database connections per process")
    secure_cookies: bool = Field(False, description="set when the app is served over TLS")

    @field_validator("database_url", "migration_url")
    @classmethod
    def _with_driver(cls, url: str | None) -> str | None:
        """Accept the usual spellings of a PostgreSQL address."""
        if url is None:
            return None
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
            raise ValueError("must start with postgresql://")
        return DRIVER + rest

    @field_validator("now", mode="before")
    @classmethod
    def _iso_time(cls, value: object) -> object:
        return datetime.fromisoformat(value) if isinstance(value, str) else value


class BadSettings(RuntimeError):
    """A setting has a value that cannot be used; the message names the variable."""


@cache
def settings() -> Settings:
    """The one settings object of this process."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"GOALS_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
        raise BadSettings("; ".join(lines)) from None
