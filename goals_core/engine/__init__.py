"""How the services do it: rules, computations and locks that no edge calls by itself."""
