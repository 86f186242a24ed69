"""Goals: the core that knows neither browser nor HTTP."""
