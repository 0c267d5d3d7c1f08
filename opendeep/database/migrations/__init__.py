"""The database's history, one file a step under ``versions``; ``database/migrate.py`` runs it."""
