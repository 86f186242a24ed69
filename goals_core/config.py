"""The settings, read once from the environment; a wrong value stops the start and names itself."""

from datetime import datetime
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from goals_core import addresses

PROJECT = Path(__file__).resolve().parent.parent
DRIVER = "postgresql+psycopg://"

Network = IPv4Network | IPv6Network


class Settings(BaseSettings):
    """Each field is the environment variable `GOALS_` + its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="GOALS_", env_ignore_empty=True, hide_input_in_errors=True
    )

    database_url: str | None = Field(None, repr=False, description="the application's role")
    migration_url: str | None = Field(None, repr=False, description="the owner of the schema")
    home: Path = Field(PROJECT / ".goals", description="where the embedded server keeps its data")
    now: AwareDatetime | None = Field(None, description="fixes the clock, for demos and tests")
    demo: bool = Field(True, description="load the demo into an empty embedded database")
    worker: bool = Field(True, description="the app runs a worker beside itself")
    pool_size: int = Field(10, ge=1, le=200, description="database connections per process")
    session_days: int = Field(30, ge=1, le=365, description="the longest that one stays signed in")
    session_idle_hours: int = Field(
        168, ge=1, le=8760, description="how long one stays signed in without use"
    )
    secure_cookies: bool = Field(False, description="set when the app is served over TLS")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        ("localhost", "127.0.0.1", "[::1]"), description="the names that browsers may ask for"
    )
    allowed_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        (), description="private networks that the app may connect to on somebody's behalf"
    )
    log: Literal["text", "json"] = Field("text", description="lines for people or for programs")
    url: str | None = Field(None, description="what links in mails begin with")
    smtp_url: SecretStr | None = Field(None, description="the server that sends mails")
    mail_from: str | None = Field(None, description="whom mails come from")
    channel_key: SecretStr | None = Field(
        None, min_length=32, description="encrypts the addresses of chat channels"
    )
    oidc_metadata_url: str | None = Field(None, description="where a provider describes itself")
    oidc_client_id: str | None = Field(None, description="what the provider knows the app as")
    oidc_client_secret: SecretStr | None = Field(None, description="how the app proves it to it")
    oidc_cookie_secret: SecretStr | None = Field(
        None, min_length=32, description="signs what browsers bring back from the provider"
    )
    oidc_issuer: str | None = Field(None, description="where it is not what its address says")
    oidc_name: str | None = Field(None, max_length=40, description="what the button calls it")

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

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: object) -> object:
        if not (names := _listed(value)):
            raise ValueError("must name at least one host")
        return tuple(map(addresses.host_pattern, names))

    @field_validator("allowed_networks", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return tuple(ip_network(each) for each in _listed(value))

    @field_validator("url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        return None if url is None else addresses.web_address(url)

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            addresses.mail_server(url.get_secret_value())
        return url

    @field_validator("oidc_metadata_url")
    @classmethod
    def _metadata(cls, url: str | None) -> str | None:
        return None if url is None else addresses.metadata_address(url)

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, issuer: str | None) -> str | None:
        return None if issuer is None else addresses.issuer(issuer)

    @field_validator("mail_from")
    @classmethod
    def _mailbox(cls, mailbox: str | None) -> str | None:
        return None if mailbox is None else addresses.mailbox(mailbox)


class BadSettings(RuntimeError):
    """A setting has a value that cannot be used; the message names the variable."""


@cache
def settings() -> Settings:
    """The one settings object of this process."""
    try:
        found = Settings()
    except ValidationError as error:
        lines = [f"GOALS_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
        raise BadSettings("; ".join(lines)) from None
    if found.smtp_url and not (found.mail_from and found.url):
        raise BadSettings("GOALS_SMTP_URL needs GOALS_MAIL_FROM and GOALS_URL beside it")
    _check_provider(found)
    return found


def _check_provider(found: Settings) -> None:
    """All that a provider of sign-ins needs or nothing of it, over TLS but on one's own machine."""
    given = {field for field in found.model_fields_set if field.startswith("oidc_")}
    if not given:
        return
    needed = ("oidc_metadata_url", "oidc_client_id", "oidc_client_secret", "oidc_cookie_secret")
    missing = [name for name in (*needed, "url") if getattr(found, name) is None]
    if missing:
        named, lacking = (
            ", ".join(f"GOALS_{n.upper()}" for n in n_) for n_ in (sorted(given), missing)
        )
        raise BadSettings(f"{named}: needs {lacking} beside it")
    if found.url and not addresses.is_own_machine(found.url):
        if not found.url.startswith("https://"):
            raise BadSettings("GOALS_URL: must be https:// where a provider signs people in")
        if not found.secure_cookies:
            raise BadSettings("GOALS_SECURE_COOKIES: must be true where a provider signs people in")


def _listed(value: object) -> list[str]:
    """A list as a variable writes it, between commas."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError("must be a list, with commas between")  # noqa: TRY004  (pydantic's way)
    return [stripped for part in parts if (stripped := str(part).strip())]
