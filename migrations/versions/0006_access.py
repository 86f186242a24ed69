"""Coming in: tries counted by name and address, one-time links, identities of providers."""

from alembic import op

from migrations.tenancy import APP_ROLE, protect, reference, tenant_table

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _people()
    _sessions()
    _links()
    _identities()
    _attempts()
    _setup()


def _people() -> None:
    """An invited person has no password yet; tries are no longer counted by account."""
    op.execute(
        """
        ALTER TABLE core.users
            ALTER COLUMN password_hash DROP NOT NULL,
            DROP COLUMN failed_logins,
            DROP COLUMN locked_until
        """
    )
    op.execute(
        """
        ALTER TABLE core.tenants
            ADD COLUMN sso_issuer varchar(500),
            ADD COLUMN sso_domains varchar(1000) NOT NULL DEFAULT ''
        """
    )


def _sessions() -> None:
    op.execute(
        """
        ALTER TABLE core.sessions
            ADD COLUMN user_agent varchar(400) NOT NULL DEFAULT '',
            ADD COLUMN address varchar(45) NOT NULL DEFAULT '',
            ADD COLUMN assertion_sha256 bytea,
            ADD CONSTRAINT sessions_assertion_key UNIQUE (tenant_id, assertion_sha256)
        """
    )
    # One statement for each run of a page: it steps into the token's tenant and looks there, as
    # whoever calls it, so that the policies hold. Its plan is kept by the connection.
    op.execute(
        """
        CREATE FUNCTION core.check_session(
            of_tenant uuid, token bytea, at timestamptz, idle interval
        ) RETURNS TABLE (
            session_id uuid, last_seen_at timestamptz, user_id uuid, role core.user_role,
            name varchar, email varchar, tenant jsonb
        ) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            PERFORM core.set_tenant(of_tenant);
            RETURN QUERY
                SELECT s.id, s.last_seen_at, u.id, u.role, u.name, u.email, to_jsonb(t)
                FROM core.sessions s
                JOIN core.users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
                JOIN core.tenants t ON t.id = s.tenant_id
                WHERE s.tenant_id = of_tenant AND s.token_sha256 = token AND s.revoked_at IS NULL
                    AND s.expires_at > at AND s.last_seen_at > at - idle
                    AND u.is_active AND s.auth_epoch = u.auth_epoch;
        END $$
        """
    )
    _for_the_application("check_session(uuid, bytea, timestamptz, interval)")


def _links() -> None:
    tenant_table(
        "core.links",
        f"""
        user_id uuid NOT NULL,
        purpose varchar(20) NOT NULL
            CONSTRAINT links_purpose CHECK (purpose IN ('invitation', 'reset')),
        token_sha256 bytea NOT NULL,
        created_by uuid,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        CONSTRAINT links_token_key UNIQUE (tenant_id, token_sha256),
        {reference("user_id", "core.users")},
        {reference("created_by", "core.users")}
        """,
        may="SELECT, INSERT, UPDATE",
    )
    op.execute("CREATE INDEX links_user ON core.links (tenant_id, user_id)")


def _identities() -> None:
    tenant_table(
        "core.user_identities",
        f"""
        user_id uuid NOT NULL,
        issuer varchar(500) NOT NULL,
        subject varchar(255) NOT NULL,
        linked_at timestamptz NOT NULL,
        CONSTRAINT user_identities_subject_key UNIQUE (tenant_id, issuer, subject),
        CONSTRAINT user_identities_user_key UNIQUE (tenant_id, user_id, issuer),
        {reference("user_id", "core.users")}
        """,
    )
    # As the directory of e-mails: asked before a tenant is known.
    op.execute(
        """
        CREATE TABLE core.identity_directory (
            issuer varchar(500) NOT NULL,
            subject varchar(255) NOT NULL,
            tenant_id uuid NOT NULL,
            user_id uuid NOT NULL,
            CONSTRAINT identity_directory_pkey PRIMARY KEY (issuer, subject)
        )
        """
    )
    protect("core.identity_directory")
    op.execute(
        """
        CREATE FUNCTION core.find_identity(by_issuer varchar, by_subject varchar)
        RETURNS TABLE (tenant_id uuid, user_id uuid)
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN RETURN QUERY
            SELECT d.tenant_id, d.user_id FROM core.identity_directory d
            WHERE d.issuer = by_issuer AND d.subject = by_subject;
        END $$
        """
    )
    _for_the_application("find_identity(varchar, varchar)")


def _attempts() -> None:
    """Nobody reads or writes the table itself: two functions count and forget."""
    op.execute(
        """
        CREATE TABLE core.login_attempts (
            key bytea NOT NULL CONSTRAINT login_attempts_pkey PRIMARY KEY,
            failures smallint NOT NULL,
            locked_until timestamptz,
            last_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX login_attempts_last ON core.login_attempts (last_at)")
    op.execute("ALTER TABLE core.login_attempts ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE core.login_attempts FORCE ROW LEVEL SECURITY")
    # Counted before it is judged, in one statement, so that many at once are as many as most.
    # After a lock, or after as long a time without a try, the count begins anew.
    op.execute(
        """
        CREATE FUNCTION core.take_attempt(
            by_key bytea, at timestamptz, most integer, lock interval
        ) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE taken boolean;
        BEGIN
            DELETE FROM core.login_attempts WHERE key IN (
                SELECT a.key FROM core.login_attempts a
                WHERE a.last_at < at - lock AND a.key <> by_key
                ORDER BY a.last_at LIMIT 10 FOR UPDATE SKIP LOCKED
            );
            INSERT INTO core.login_attempts AS a (key, failures, locked_until, last_at)
            VALUES (by_key, 1, CASE WHEN most = 1 THEN at + lock END, at)
            ON CONFLICT (key) DO UPDATE SET
                failures = CASE WHEN a.locked_until IS NOT NULL OR a.last_at <= at - lock
                    THEN 1 ELSE a.failures + 1 END,
                locked_until = CASE
                    WHEN a.locked_until IS NULL AND a.last_at > at - lock AND a.failures + 1 >= most
                    THEN at + lock END,
                last_at = at
            WHERE a.locked_until IS NULL OR a.locked_until <= at
            RETURNING true INTO taken;
            RETURN coalesce(taken, false);
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION core.forget_attempts(by_key bytea) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN DELETE FROM core.login_attempts WHERE key = by_key; END $$
        """
    )
    _for_the_application("take_attempt(bytea, timestamptz, integer, interval)")
    _for_the_application("forget_attempts(bytea)")


def _setup() -> None:
    """A fresh installation's one-time link: worth something while there is no tenant at all."""
    op.execute(
        """
        CREATE TABLE core.setup_links (
            token_sha256 bytea NOT NULL CONSTRAINT setup_links_pkey PRIMARY KEY,
            expires_at timestamptz NOT NULL
        )
        """
    )
    op.execute("ALTER TABLE core.setup_links ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE core.setup_links FORCE ROW LEVEL SECURITY")
    op.execute(
        """
        CREATE FUNCTION core.offer_setup(token bytea, until timestamptz) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            IF EXISTS (SELECT FROM core.tenants) THEN RETURN false; END IF;
            INSERT INTO core.setup_links (token_sha256, expires_at) VALUES (token, until);
            RETURN true;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION core.is_setup_open(token bytea, at timestamptz) RETURNS boolean
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN RETURN NOT EXISTS (SELECT FROM core.tenants) AND EXISTS (
            SELECT FROM core.setup_links l WHERE l.token_sha256 = token AND l.expires_at > at);
        END $$
        """
    )
    # In the transaction that makes the first company: of two at once the second one waits here,
    # and then finds no link any more.
    op.execute(
        """
        CREATE FUNCTION core.take_setup(token bytea, at timestamptz) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE was_open boolean;
        BEGIN
            LOCK TABLE core.setup_links IN EXCLUSIVE MODE;
            was_open := core.is_setup_open(token, at);
            IF was_open THEN DELETE FROM core.setup_links; END IF;
            RETURN was_open;
        END $$
        """
    )
    _for_the_application("offer_setup(bytea, timestamptz)")
    _for_the_application("is_setup_open(bytea, timestamptz)")
    _for_the_application("take_setup(bytea, timestamptz)")


def _for_the_application(function: str) -> None:
    op.execute(f"REVOKE ALL ON FUNCTION core.{function} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION core.{function} TO {APP_ROLE}")
