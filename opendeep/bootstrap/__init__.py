"""The composition root: the only place that reads settings and knows concrete classes."""

from opendeep.bootstrap.campaign_commands import (
    CampaignAction,
    act_on_campaign,
    import_campaign,
    list_campaigns,
    report_campaign,
    resume_everything,
    show_campaign,
    stop_everything,
)
from opendeep.bootstrap.database_commands import (
    database_check,
    database_schema,
    database_upgrade,
)
from opendeep.bootstrap.dnd_commands import (
    add_to_dnd,
    export_dnd,
    import_dnd,
    list_dnd,
    remove_from_dnd,
    replay_policy,
)
from opendeep.bootstrap.doctor import examine
from opendeep.bootstrap.practice_only import serve_practice_network
from opendeep.bootstrap.process_part import ALL_ROLES, Role, part_of
from opendeep.bootstrap.rehearsal import rehearse
from opendeep.bootstrap.serving import ServePlan, serve
from opendeep.config.app_config import AppConfig, load_config

__all__ = [
    "ALL_ROLES",
    "AppConfig",
    "CampaignAction",
    "Role",
    "ServePlan",
    "act_on_campaign",
    "add_to_dnd",
    "database_check",
    "database_schema",
    "database_upgrade",
    "examine",
    "export_dnd",
    "import_campaign",
    "import_dnd",
    "list_campaigns",
    "list_dnd",
    "part_of",
    "read_config",
    "rehearse",
    "remove_from_dnd",
    "replay_policy",
    "report_campaign",
    "resume_everything",
    "serve",
    "serve_practice_network",
    "show_campaign",
    "stop_everything",
]


def read_config(*, strict: bool = False, **overrides: object) -> AppConfig:
    """Read the settings from the environment and ``.env``; the command line wins.

    Raises:
        SettingsError: a value or a name cannot be used; the message says what to do.
    """
    return load_config(strict=strict, overrides=overrides)
