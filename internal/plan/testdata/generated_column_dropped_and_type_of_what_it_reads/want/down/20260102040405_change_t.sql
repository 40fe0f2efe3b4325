-- alembic:down none PostgreSQL cannot make the column k of public.t a generated one again

