"""Who to sign in as: one account per role in each company."""

from dataclasses import dataclass

from goals_core.demo.adventure_works import DOMAIN as ADVENTURE_WORKS
from goals_core.demo.northwind import DOMAIN as NORTHWIND
from goals_core.permissions import Role


@dataclass(frozen=True, slots=True)
class Login:
    """An account worth trying; all share the demo's password."""

    email: str
    role: Role
    tenant: str  # slug
    name: str


LOGINS = (
    Login(
        f"admin@{ADVENTURE_WORKS}", Role.ADMIN, "adventure-works", "Adventure Works Administrator"
    ),
    Login(f"stephen.jiang@{ADVENTURE_WORKS}", Role.MANAGER, "adventure-works", "Stephen Jiang"),
    Login(f"linda.mitchell@{ADVENTURE_WORKS}", Role.REP, "adventure-works", "Linda Mitchell"),
    Login(f"analyst@{ADVENTURE_WORKS}", Role.ANALYST, "adventure-works", "Adventure Works Analyst"),
    Login(f"andrew.fuller@{NORTHWIND}", Role.ADMIN, "northwind", "Andrew Fuller"),
    Login(f"steven.buchanan@{NORTHWIND}", Role.MANAGER, "northwind", "Steven Buchanan"),
    Login(f"robert.king@{NORTHWIND}", Role.REP, "northwind", "Robert King"),
    Login(f"laura.callahan@{NORTHWIND}", Role.ANALYST, "northwind", "Laura Callahan"),
)
