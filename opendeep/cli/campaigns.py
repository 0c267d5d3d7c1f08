"""``opendeep campaign import|list|show|report|pause|resume|cancel``, ``stop`` and ``resume``."""

import asyncio
import sys
from pathlib import Path

import click

from opendeep import bootstrap
from opendeep.common.errors import InvalidInputError
from opendeep.common.logger_setup import setup_logging

_user = click.option("--user", default="default", show_default=True, help="Whose campaign.")
_id = click.argument("campaign_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("campaign")
def campaign_commands() -> None:
    """Import, show and steer campaigns."""
    setup_logging(level="error", log_format="console")  # What is printed is for other programs.


@campaign_commands.command("import")
@click.argument("file", type=_file)
@click.option("--plan", required=True, type=_file, help="A plan whose one task is the template.")
@_user
def import_contacts(file: Path, plan: Path, user: str) -> None:
    """Make a campaign with a task for each line of a CSV FILE; {column} fields are filled."""
    config = bootstrap.read_config()
    try:
        plan_text = plan.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{plan} is not UTF-8 text.") from error
    importing = bootstrap.import_campaign(config, user, file.read_bytes(), plan_text)
    made, errors = asyncio.run(importing)
    click.echo(f"Campaign {made.campaign_id}: {made.accepted} accepted, {made.rejected} rejected.")
    for line in errors.splitlines()[1:]:
        number, _, reason = line.partition(",")
        click.echo(f"opendeep: line {number}: {reason.strip(chr(34))}", err=True)
    if made.rejected:
        sys.exit(1)


@campaign_commands.command("list")
@_user
def list_campaigns(user: str) -> None:
    """Print the campaigns, latest first."""
    click.echo(asyncio.run(bootstrap.list_campaigns(bootstrap.read_config(), user)))


@campaign_commands.command("show")
@_id
@_user
def show_campaign(campaign_id: int, user: str) -> None:
    """Print a campaign and its tasks."""
    click.echo(asyncio.run(bootstrap.show_campaign(bootstrap.read_config(), user, campaign_id)))


@campaign_commands.command("report")
@_id
@click.option(
    "--format",
    "report_format",
    type=click.Choice(["md", "json", "csv", "html", "pdf"]),
    default="md",
    show_default=True,
)
@_user
def report_campaign(campaign_id: int, report_format: str, user: str) -> None:
    """Print a campaign's report as it stands now."""
    config = bootstrap.read_config()
    report = bootstrap.report_campaign(config, user, campaign_id, report_format)  # type: ignore[arg-type]
    click.echo(asyncio.run(report), nl=False)


@campaign_commands.command("pause")
@_id
@_user
def pause_campaign(campaign_id: int, user: str) -> None:
    """Let nothing of it be dialled; who is being talked to is talked to until the end."""
    _act(campaign_id, user, "pause")


@campaign_commands.command("resume")
@_id
@_user
def resume_campaign(campaign_id: int, user: str) -> None:
    """Let it go on."""
    _act(campaign_id, user, "resume")


@campaign_commands.command("cancel")
@_id
@_user
def cancel_campaign(campaign_id: int, user: str) -> None:
    """End it; live calls are hung up within a second."""
    _act(campaign_id, user, "cancel")


@click.command("stop")
@click.option("--reason", default="", help="Why; everybody reads it.")
@_user
def stop(reason: str, user: str) -> None:
    """Dial nothing more, for nobody, and hang up every live call within a second."""
    setup_logging(level="error", log_format="console")
    click.echo(asyncio.run(bootstrap.stop_everything(bootstrap.read_config(), user, reason)))


@click.command("resume")
@_user
def resume(user: str) -> None:
    """Let dialling go on after a stop."""
    setup_logging(level="error", log_format="console")
    click.echo(asyncio.run(bootstrap.resume_everything(bootstrap.read_config(), user)))


def _act(campaign_id: int, user: str, action: bootstrap.CampaignAction) -> None:
    config = bootstrap.read_config()
    click.echo(asyncio.run(bootstrap.act_on_campaign(config, user, campaign_id, action)))
