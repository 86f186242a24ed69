"""The providers of sign-ins that this installation listens to: the [auth] section of Streamlit.

It is made of the settings, or else it is a `secrets.toml`'s, with one provider or several by name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from goals_core.addresses import METADATA
from goals_core.config import settings
from goals_core.engine.provider_words import Provider
from ui.wording import _

DEFAULT = "default"  # what Streamlit calls the one that has no name


@dataclass(frozen=True, slots=True)
class Offer:
    """A provider that people may sign in with."""

    key: str
    name: str
    provider: Provider


def secrets() -> dict[str, Any] | None:
    """The section as the settings have it; None where they name no provider."""
    given = settings()
    if not (given.oidc_client_secret and given.oidc_cookie_secret and given.oidc_metadata_url):
        return None
    section = {
        "redirect_uri": f"{given.url}/oauth2callback",
        "cookie_secret": given.oidc_cookie_secret.get_secret_value(),
        "client_id": given.oidc_client_id,
        "client_secret": given.oidc_client_secret.get_secret_value(),
        "server_metadata_url": given.oidc_metadata_url,
        # Streamlit proves possession of the code where a provider says that it looks at that;
        # some look and do not say it, and the others pass over it.
        "client_kwargs": {"code_challenge_method": "S256"},
    }
    named = {"issuer": given.oidc_issuer, "name": given.oidc_name}
    return {"auth": section | {key: value for key, value in named.items() if value}}


def offers() -> list[Offer]:
    """Every provider that is configured, in the order of the section."""
    return [
        Offer(
            key,
            str(section.get("name") or (_("single sign-on") if key == DEFAULT else key.title())),
            Provider(_issuer(section), str(section["client_id"])),
        )
        for key, section in _sections()
    ]


def find(key: object) -> Offer | None:
    """The offer that Streamlit says somebody came back from."""
    return next((offer for offer in offers() if offer.key == key), None)


def _sections() -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not st.secrets.load_if_toml_exists() or "auth" not in st.secrets:
        return
    section = st.secrets["auth"]
    for key, part in ((DEFAULT, section), *section.items()):
        if isinstance(part, Mapping) and {"client_id", "server_metadata_url"} <= set(part):
            yield key, part


def _issuer(section: Mapping[str, Any]) -> str:
    """The name before the fixed ending of its address, unless the section says another."""
    return str(section.get("issuer") or str(section["server_metadata_url"]).removesuffix(METADATA))
