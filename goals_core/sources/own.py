"""The tables of this installation that goals are tracked from besides the four that come along.

docs/track-your-own-table.md says how one is declared here, once.
"""

from goals_core.sources.entity import Entity

OWN: tuple[Entity, ...] = ()
