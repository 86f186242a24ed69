"""Schemas, the application's group role, the tenant's functions, and the tables of core."""

from alembic import op

from migrations.tenancy import APP_ROLE, protect, reference, tenant_table

revision = "0001"
down_revision = None

SCHEMAS = ("core", "goals", "sales", "billing", "commissions", "custom")


def upgrade() -> None:
    _roles_and_schemas()
    _tenants()
    _functions()
    _people()
    _access()
    _audit_and_rates()


def _roles_and_schemas() -> None:
    op.execute(
        f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
                CREATE ROLE {APP_ROLE} NOLOGIN;
            END IF;
        END $$
        """
    )
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        op.execute(f"GRANT USAGE ON SCHEMA {schema} TO {APP_ROLE}")


def _tenants() -> None:
    op.execute(
        """
        CREATE TABLE core.tenants (
            id uuid NOT NULL CONSTRAINT tenants_pkey PRIMARY KEY,
            slug varchar(63) NOT NULL CONSTRAINT tenants_slug_key UNIQUE,
            name varchar(200) NOT NULL,
            timezone varchar(64) NOT NULL,
            locale varchar(20) NOT NULL,
            currency varchar(3) NOT NULL,
            fiscal_year_start smallint NOT NULL
                CONSTRAINT tenants_fiscal_month CHECK (fiscal_year_start BETWEEN 1 AND 12),
            grace_days smallint NOT NULL
                CONSTRAINT tenants_grace_days CHECK (grace_days BETWEEN 0 AND 60),
            risk_progress_below smallint NOT NULL,
            risk_time_left smallint NOT NULL,
            created_at timestamptz NOT NULL
        )
        """
    )
    protect("core.tenants", may="SELECT, INSERT, UPDATE", by="id")
    # Unique in the installation, so it is no tenant table: a primary key without tenant_id,
    # and no foreign key that a distributed database would refuse.
    op.execute(
        """
        CREATE TABLE core.login_directory (
            email varchar(254) NOT NULL CONSTRAINT login_directory_pkey PRIMARY KEY,
            tenant_id uuid NOT NULL,
            user_id uuid NOT NULL
        )
        """
    )
    protect("core.login_directory")


def _functions() -> None:
    op.execute(
        """
        CREATE FUNCTION core.set_tenant(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN EXECUTE format('SET LOCAL app.tenant_id = %L', tenant); END $$
        """
    )
    # What must be known before a tenant is: these look past the wall, for one row or the list.
    op.execute(
        """
        CREATE FUNCTION core.find_login(login varchar) RETURNS TABLE (tenant_id uuid, user_id uuid)
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN RETURN QUERY
            SELECT d.tenant_id, d.user_id FROM core.login_directory d WHERE d.email = login;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION core.list_tenants() RETURNS SETOF core.tenants
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN RETURN QUERY SELECT * FROM core.tenants ORDER BY slug; END $$
        """
    )
    for function in ("set_tenant(uuid)", "find_login(varchar)", "list_tenants()"):
        op.execute(f"REVOKE ALL ON FUNCTION core.{function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION core.{function} TO {APP_ROLE}")


def _people() -> None:
    op.execute("CREATE TYPE core.user_role AS ENUM ('admin', 'manager', 'rep', 'analyst')")
    tenant_table(
        "core.users",
        f"""
        email varchar(254) NOT NULL,
        name varchar(200) NOT NULL,
        title varchar(200) NOT NULL,
        role core.user_role NOT NULL,
        manager_id uuid,
        password_hash text NOT NULL,
        is_active boolean NOT NULL,
        auth_epoch integer NOT NULL,
        failed_logins integer NOT NULL,
        locked_until timestamptz,
        hired_on date,
        left_on date,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT users_email_key UNIQUE (tenant_id, email),
        {reference("manager_id", "core.users")}
        """,
    )
    tenant_table(
        "core.teams",
        f"""
        name varchar(200) NOT NULL,
        manager_id uuid,
        created_at timestamptz NOT NULL,
        CONSTRAINT teams_name_key UNIQUE (tenant_id, name),
        {reference("manager_id", "core.users")}
        """,
    )
    tenant_table(
        "core.team_members",
        f"""
        team_id uuid NOT NULL,
        user_id uuid NOT NULL,
        member_from date NOT NULL,
        member_to date,
        CONSTRAINT team_members_from_key UNIQUE (tenant_id, team_id, user_id, member_from),
        CONSTRAINT team_members_days CHECK (member_to >= member_from),
        {reference("team_id", "core.teams")},
        {reference("user_id", "core.users")}
        """,
    )
    op.execute("CREATE INDEX team_members_user ON core.team_members (tenant_id, user_id)")


def _access() -> None:
    tenant_table(
        "core.sessions",
        f"""
        user_id uuid NOT NULL,
        token_sha256 bytea NOT NULL,
        auth_epoch integer NOT NULL,
        created_at timestamptz NOT NULL,
        last_seen_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        CONSTRAINT sessions_token_key UNIQUE (tenant_id, token_sha256),
        {reference("user_id", "core.users")}
        """,
    )
    op.execute("CREATE INDEX sessions_user ON core.sessions (tenant_id, user_id)")
    tenant_table(
        "core.api_tokens",
        f"""
        user_id uuid NOT NULL,
        name varchar(200) NOT NULL,
        token_sha256 bytea NOT NULL,
        created_at timestamptz NOT NULL,
        last_used_at timestamptz,
        expires_at timestamptz,
        revoked_at timestamptz,
        CONSTRAINT api_tokens_token_key UNIQUE (tenant_id, token_sha256),
        {reference("user_id", "core.users")}
        """,
    )


def _audit_and_rates() -> None:
    tenant_table(
        "core.audit_log",
        f"""
        at timestamptz NOT NULL,
        actor_id uuid,
        tag varchar(60) NOT NULL,
        subject_id uuid NOT NULL,
        before jsonb,
        after jsonb,
        {reference("actor_id", "core.users")}
        """,
        may="SELECT, INSERT",
    )
    op.execute("CREATE INDEX audit_log_subject ON core.audit_log (tenant_id, subject_id, at)")
    op.execute("CREATE INDEX audit_log_at ON core.audit_log (tenant_id, at)")
    tenant_table(
        "core.exchange_rates",
        """
        from_currency varchar(3) NOT NULL,
        to_currency varchar(3) NOT NULL,
        day date NOT NULL,
        rate numeric(20, 10) NOT NULL,
        CONSTRAINT exchange_rates_day_key UNIQUE (tenant_id, from_currency, to_currency, day),
        CONSTRAINT exchange_rates_positive CHECK (rate > 0)
        """,
    )
