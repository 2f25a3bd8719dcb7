"""The record store: SQLite through SQLAlchemy Core, migrated by Alembic."""
