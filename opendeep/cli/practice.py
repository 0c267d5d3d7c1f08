"""``opendeep practice`` and ``opendeep practice-network``."""

import json
import sys

import click
import uvloop

from opendeep import bootstrap
from opendeep.task_manager.feedback_manager_svc import ANSWER_MOST_CHARACTERS

_CALLEES = tuple(f"{number:02d}" for number in range(18))
_GOAL = "Book me a dental cleaning at Bright Smile Dental next week, afternoons"


def _short_enough(
    _context: click.Context, _option: click.Parameter, answers: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse what no question would take, before a call is made."""
    for answer in answers:
        if not 1 <= len(answer.strip()) <= ANSWER_MOST_CHARACTERS:
            raise click.BadParameter(
                f"an answer has between 1 and {ANSWER_MOST_CHARACTERS} characters."
            )
    return answers


@click.command()
@click.option("--goal", default=_GOAL, show_default=True, help="What you would type in the chat.")
@click.option(
    "--callee",
    "chosen",
    multiple=True,
    default=("00",),
    show_default=True,
    type=click.Choice([*_CALLEES, "all"]),
    help="Which practice callee is called; several, or all, are called side by side.",
)
@click.option(
    "--answer",
    "answers",
    multiple=True,
    callback=_short_enough,
    help="Your answer to a question during a call; several are used in turn, the last repeats.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list at the end.")
def practice(
    goal: str, chosen: tuple[str, ...], answers: tuple[str, ...], *, as_json: bool
) -> None:
    """Run one whole campaign on the practice network and tell it as it happens."""
    callees = _CALLEES if "all" in chosen else tuple(dict.fromkeys(chosen))
    results = uvloop.run(
        bootstrap.rehearse(
            goal,
            callees,
            answers,
            tell=lambda line: click.echo(line, err=as_json),
            like=bootstrap.read_config(),
        )
    )
    if as_json:
        click.echo(json.dumps([result.as_json() for result in results], ensure_ascii=False))
    else:
        for result in results:
            click.echo(result.summary_line())
    if not all(result.as_expected for result in results):
        sys.exit(1)


@click.command("practice-network")
@click.option("--ai-port", type=click.IntRange(0, 65535), default=8091, show_default=True)
@click.option("--ami-port", type=click.IntRange(0, 65535), default=5039, show_default=True)
@click.option(
    "--audiosocket",
    default="127.0.0.1:9092",
    show_default=True,
    metavar="HOST:PORT",
    help="Where the exchange connects a call's audio unless the call names another place.",
)
def practice_network(ai_port: int, ami_port: int, audiosocket: str) -> None:
    """Run the practice AI service and telephone exchange alone, until Ctrl-C."""
    uvloop.run(
        bootstrap.serve_practice_network(
            ai_port=ai_port, ami_port=ami_port, audiosocket=audiosocket, announce=click.echo
        )
    )
