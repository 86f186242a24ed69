"""What the server does around the pages: its own routes, and what each request passes through."""

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from ui import handover, index
from ui.doors import Doors
from ui.headers import SecurityHeaders
from ui.limits import BoundedBodies, SteadyMessages
from ui.origins import KnownHosts, OwnOrigin
from ui.provider_routes import ProviderRoutes
from ui.refusals import ClosedSockets

ROUTES = [*index.ROUTES, *handover.ROUTES]

# From the outside in: every answer has the headers, also a refusal; who asks in the wrong way is
# refused before anybody asks the database who it is.
MIDDLEWARE = [
    Middleware(SecurityHeaders),
    Middleware(ClosedSockets),
    Middleware(KnownHosts),
    Middleware(OwnOrigin),
    Middleware(BoundedBodies),
    Middleware(SteadyMessages),
    # Streamlit sends its scripts as they are: compressed, a first visit takes half the time.
    Middleware(GZipMiddleware, minimum_size=1024, compresslevel=6),
    Middleware(Doors),
    Middleware(ProviderRoutes),
]
