"""What does tell or take something of another company, and why that is accepted.

Each is checked to be still needed: one that no attempt meets any more has to go from here.
"""

from goals_core.permissions import OPERATIONS, Open

# Operations that hand out what is another company's.
OPERATIONS_THAT_GIVE = {
    "signin.find_login": "how one comes in: asked by the sign-in, before anyone is signed in",
}
# Operations whose answer, or number of statements, depends on what another company has.
OPERATIONS_THAT_TELL = {
    "identity.create_user": "an e-mail has one account in the installation, so a taken one is told",
    "sso.enter": "a provider has signed the claims: who brings them is the person that they name;"
    " the sentence is one for all, only the way to it is longer for who has an account",
}
# Unique in the installation: a taken value is refused, by a refusal that names what was given.
TABLES_THAT_TELL = {
    "core.login_directory": "an e-mail has one account in the installation",
    "core.identity_directory": "an identity of a provider has one account in the installation",
    "core.tenants": "a company's short name is unique; no operation changes one",
}
# Functions of the database that look past the tenant that is set.
FUNCTIONS_THAT_TELL = {
    "core.find_login": "asked before a tenant is known: who has this e-mail?",
    "core.find_identity": "asked before a tenant is known: who has this identity?",
    "core.check_session": "whoever has a session's token is the person it was given to",
    "core.list_tenants": "the command line's list of companies",
    "core.tenants_with_changes": "the worker's question, answered by ids: who has something new?",
    "core.tenants_with_unsettled": "the worker's question, answered by ids: who has to be read?",
    "core.tenants_with_news": "the worker's question, answered by ids: who has something to send?",
    "core.tenants_with_a_new_day": "the worker's question, answered by ids: whose day has begun?",
}
# Functions that step into a tenant; services do so with the actor's own, or with a cookie's.
FUNCTIONS_THAT_ENTER = {
    "core.set_tenant": "how the application says for whom a transaction is",
    "core.check_session": "looks for a session in the tenant that its cookie names, and ends",
}


def not_accepted(title: str, findings: list[str]) -> list[str]:
    """What is left of an operation's findings; that rows changed is never accepted."""
    accepted: tuple[str, ...] = ()
    if title in OPERATIONS_THAT_GIVE:
        accepted = ("came out", "tells")
    elif title in OPERATIONS_THAT_TELL:
        accepted = ("tells",)
    return [each for each in findings if not any(kind in each for kind in accepted)]


def is_for_tenants(title: str) -> bool:
    """Whether people of a company can cause it; the command line's operations no page calls."""
    return OPERATIONS[title].needs is not Open.OPERATOR
