-- alembic:down none PostgreSQL cannot make the column twice of public.runs a generated one again

