-- alembic:down none PostgreSQL cannot remove a value from an enum

