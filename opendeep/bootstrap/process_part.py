"""What one process does of the whole: its roles, and the services that belong to each."""

from dataclasses import dataclass, field
from enum import StrEnum

from opendeep.common.errors import SettingsError
from opendeep.common.lifecycle import Service
from opendeep.config.app_config import AppConfig


class Role(StrEnum):
    """A part of the work that can be a process of its own.

    ``web`` is the pages and the API; ``scheduler`` claims due tasks and recovers calls of the
    dead; ``calls`` places and holds calls; ``insight`` judges, oversees and reports.
    """

    WEB = "web"
    SCHEDULER = "scheduler"
    CALLS = "calls"
    INSIGHT = "insight"


ALL_ROLES = frozenset(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessPart:
    """One process among others.

    Attributes:
        roles: what it does.
        is_one_of_many: whether other processes share the work.
    """

    roles: frozenset[Role] = ALL_ROLES
    is_one_of_many: bool = False


@dataclass(slots=True)
class RoleServices:
    """Collects the services that a process runs."""

    roles: frozenset[Role]
    chosen: list[Service] = field(default_factory=list)

    def add(self, *services: Service, of: Role | frozenset[Role]) -> None:
        """Run these if the process has the role, or one of the roles."""
        wanted = of if isinstance(of, frozenset) else {of}
        if self.roles & wanted:
            self.chosen.extend(services)


def part_of(config: AppConfig, roles: frozenset[Role], workers: int) -> ProcessPart:
    """Say what the process that was asked for does itself; calls of several workers are theirs.

    Raises:
        SettingsError: several processes cannot work with these settings.
    """
    if workers > 1 and Role.CALLS not in roles:
        raise SettingsError("--workers is about calls: add --role calls, or leave it out.")
    if roles == ALL_ROLES and workers == 1:
        return ProcessPart(is_one_of_many=is_shared(config))
    if not config.database_url.startswith("postgres"):
        raise SettingsError(
            "Several processes need PostgreSQL: set DATABASE_URL=postgresql://user@host/name, "
            "or run one process with --role all."
        )
    if not config.redis_url:
        raise SettingsError(
            "Several processes need Redis, so that they hear of each other: set "
            "REDIS_URL=redis://host:6379/0, or run one process with --role all."
        )
    own = roles - {Role.CALLS} if workers > 1 else roles
    return ProcessPart(roles=own, is_one_of_many=True)


def is_shared(config: AppConfig) -> bool:
    """Whether other processes may work on the same rows."""
    return bool(config.redis_url) and config.database_url.startswith("postgres")
