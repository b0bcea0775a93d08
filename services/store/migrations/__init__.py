"""One Alembic chain, expand and contract only: the previous version runs on the new schema."""
