"""What ``opendeep db`` does."""

from opendeep.bootstrap.application import database_url
from opendeep.config.app_config import AppConfig
from opendeep.database import migrate


def database_upgrade(config: AppConfig) -> str:
    """Bring the database to this version; return what to tell.

    Raises:
        UnavailableError: it cannot be reached.
    """
    return f"The database is at revision {migrate.upgrade(database_url(config))}."


def database_check(config: AppConfig) -> tuple[bool, str]:
    """Return whether the database fits this version, and what to tell.

    Raises:
        UnavailableError: it cannot be reached.
    """
    differences = migrate.check(database_url(config))
    return not differences, "\n".join(differences) or "The database fits this version."


def database_schema(config: AppConfig) -> str:
    """Return the schema as SQL, in the dialect of the configured database."""
    is_postgresql = database_url(config).startswith("postgres")
    return migrate.schema("postgresql" if is_postgresql else "sqlite")
