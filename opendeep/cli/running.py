"""``opendeep serve`` and ``opendeep doctor``."""

import json
import sys

import click
import uvloop

from opendeep import bootstrap
from opendeep.common.errors import SettingsError

ROLES = ("all", "web", "scheduler", "calls", "insight")


@click.command()
@click.option("--host", help="Address to serve the pages on (WEB_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the pages (WEB_PORT).")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(ROLES),
    help="What this process does; may be given several times. Default: all.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Processes for calls.")
@click.option("--until-stdin-closes", is_flag=True, help="Stop when standard input ends.")
def serve(
    host: str | None,
    port: int | None,
    roles: tuple[str, ...],
    workers: int,
    *,
    until_stdin_closes: bool,
) -> None:
    """Run OpenDeep until Ctrl-C."""
    config = bootstrap.read_config(strict=True, web_host=host, web_port=port)
    chosen = frozenset(bootstrap.Role(role) for role in roles if role != "all")
    plan = bootstrap.ServePlan(
        roles=chosen if chosen and "all" not in roles else bootstrap.ALL_ROLES,
        workers=workers,
        until_stdin_closes=until_stdin_closes,
    )
    try:
        bootstrap.part_of(config, plan.roles, workers)
    except SettingsError as error:
        raise click.UsageError(error.message) from error
    uvloop.run(bootstrap.serve(config, announce=click.echo, plan=plan))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(*, as_json: bool) -> None:
    """Check every outside system that is configured and say what to do."""
    config = bootstrap.read_config(strict=True)
    checks = uvloop.run(bootstrap.examine(config))
    if as_json:
        click.echo(
            json.dumps(
                {
                    "ok": all(c.ok for c in checks),
                    "checks": [
                        {"name": c.name, "ok": c.ok, "message": c.message, "remedy": c.remedy}
                        for c in checks
                    ],
                }
            )
        )
    else:
        for check in checks:
            click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.message}")
            if check.remedy:
                click.echo(f"      → {check.remedy}")
    if not all(check.ok for check in checks):
        sys.exit(1)
