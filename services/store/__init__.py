"""PostgreSQL: tables, queries, migrations. The only SQL."""
