"""Generated attempts to get past the walls between tenants and between roles: docs/walls.md."""
