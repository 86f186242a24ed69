"""What the source selectors offer: read from all records, so kept for a while.

Kept per session, and the actor comes first: nobody is offered what another company has.
"""

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine import drafts
from goals_core.kinds import Metric, Source
from goals_core.services import choices
from goals_core.sources import measures
from goals_core.sources.catalogue import Aggregation, find


@st.cache_data(scope="session", ttl="2m", max_entries=200, show_spinner=False)
def values(actor: Actor, source: Source, entity_name: str, column: str) -> list[str]:
    """The texts that a column has."""
    entity = find(source, entity_name)
    if entity is None:
        return []
    with tenant_session(actor) as db:
        found = choices.values(db, entity, column, entity_name=entity_name)
    return [value for value in found if value]


@st.cache_data(scope="session", ttl="2m", max_entries=50, show_spinner=False)
def attributes(actor: Actor, source: Source, entity_name: str) -> list[str]:
    """The keys of the attributes that an entity's records have."""
    config = {"module": source.value, "entity": entity_name, "aggregation": Aggregation.COUNT}
    measure = measures.parse(source, config, metric=Metric.COUNT, unit="")
    with tenant_session(actor) as db:
        return sorted(drafts.attribute_names(db, measure))


@st.cache_data(scope="session", ttl="2m", max_entries=5, show_spinner=False)
def entity_names(actor: Actor, source: Source) -> list[str]:
    """The entities of a module; of custom records those that exist."""
    with tenant_session(actor) as db:
        return choices.entity_names(db, source)
