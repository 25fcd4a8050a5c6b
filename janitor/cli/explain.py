"""``janitor explain``: why a run is judged as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from janitor.cli.command import Command
from janitor.cli.failures import printable
from janitor.cli.options import config_option, policy_options
from janitor.cli.session import Session, pass_session
from janitor.errors import NotFoundError, StoreError, TargetError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from janitor.config import Config
    from janitor.model import Policy, RunInfo
    from janitor.rules import Judgement
    from janitor.stores.wandb import Door


@click.command("explain", cls=Command)
@click.argument("run", metavar="ENTITY/PROJECT/RUN")
@config_option
@policy_options
@pass_session
def command(session: Session, /, *, run: str, **flags: Any) -> None:
    """Show each piece of evidence of a run, what each rule says of it, and why."""
    from janitor.rules import judge  # noqa: PLC0415 - `--help` needs none of it
    from janitor.rules.selection import policy_for  # noqa: PLC0415 - as above

    read = _read_local if run.startswith(_LOCAL) else _read_wandb
    found, policy, now = read(run, session.load_config(flags).config)
    if isinstance(found, NotFoundError):
        raise UsageError(str(found))
    if isinstance(found, StoreError):
        raise found
    policy = policy_for(found, policy)
    for line in _account(found, judge(found, policy, now), policy, now):
        click.echo(printable_line(line))


_LOCAL = ("experiments:", "tasks:", "file:")
"""How the paths of runs of this machine begin, as reports write them."""
_Answer = tuple["RunInfo | StoreError", "Policy", "datetime"]


def _read_wandb(run: str, config: Config) -> _Answer:
    from janitor.cli.sides import open_door, read_clock  # noqa: PLC0415 - as above
    from janitor.rules.selection import with_default_entity  # noqa: PLC0415 - as above
    from janitor.stores.wandb import WandbStore  # noqa: PLC0415 - as above

    parts = _parts(run)
    door = open_door(config)
    path = "/".join(_with_entity(parts, door))
    clock, _ = read_clock(door.address)
    policy = with_default_entity(config.policy, door.default_entity)
    return WandbStore(door, policy).fetch_summaries([path])[path], policy, clock.now()


def _read_local(run: str, config: Config) -> _Answer:
    """A run of this machine, by its path in a report; a relative one starts here."""
    from janitor.cli.sides import local_side  # noqa: PLC0415 - as above
    from janitor.config import parse_target  # noqa: PLC0415 - as above

    path = str(parse_target("store", run))
    side = local_side(config.policy)
    return side.stores.fetch_summaries([path])[path], config.policy, side.clock.now()


def _parts(run: str) -> list[str]:
    parts = run.split("/")
    if len(parts) not in {2, 3} or not all(part.strip() for part in parts):
        raise TargetError(f"{run!r} is no run: write it as ENTITY/PROJECT/RUN")
    return parts


def _with_entity(parts: list[str], door: Door) -> list[str]:
    if len(parts) == 3:
        return parts
    entity = door.default_entity()
    if entity is None:
        raise TargetError(
            f"{'/'.join(parts)}: wandb has no default entity; write the run as ENTITY/PROJECT/RUN"
        )
    return [entity, *parts]


def printable_line(line: str) -> str:
    """The line with its indentation, and with what a terminal would obey made visible."""
    indent = len(line) - len(line.lstrip())
    return " " * indent + printable(line)


def _account(run: RunInfo, judgement: Judgement, policy: Policy, now: datetime) -> Iterator[str]:
    from janitor.durations import format_age  # noqa: PLC0415 - as above
    from janitor.rules import ask_rules  # noqa: PLC0415 - as above
    from janitor.summary import ABSENT  # noqa: PLC0415 - as above

    yield f"{run.path} ({run.name})"
    yield f"W&B says: {run.wandb_state or '(nothing)'}"
    if run.process is not None:
        yield f"the process in charge: {run.process}"
    reading = judgement.reading
    if reading is None:
        yield f"verdict: {_in_words(judgement.verdict, policy)}"
        return
    yield f"{policy.namespace}.state: {reading.state} ({reading.form} key)"
    objective = "none" if reading.objective is ABSENT else f"{reading.objective!r:.80}"
    yield f"{policy.objective_key}: {objective}"
    yield "evidence:"
    for sign in reading.vitals.evidence:
        if sign.at is None:
            yield f"  {sign.source}: {sign.raw!r:.60}, cannot be read as a time"
        elif sign.is_future:
            yield f"  {sign.source}: {sign.at.isoformat()}, in the future: left out"
        else:
            yield f"  {sign.source}: {sign.at.isoformat()}, {format_age(now - sign.at)} ago"
    age = reading.age
    yield "last alive: " + ("never seen" if age is None else f"{format_age(age)} ago")
    yield "rules:"
    decided = False
    for rule, said in ask_rules(reading, policy):
        if decided:
            yield f"  {rule.id}: not asked, an earlier rule spoke"
        else:
            yield f"  {rule.id}: {_in_words(said, policy)}"
            decided = _speaks(said)
    yield f"verdict: {_in_words(judgement.verdict, policy)}"


def _speaks(said: object) -> bool:
    from janitor.model import Silent  # noqa: PLC0415 - as above

    return not isinstance(said, Silent)


def _in_words(said: object, policy: Policy) -> str:
    from janitor.model import Change, Clean, Hold, Silent, Untracked  # noqa: PLC0415 - as above

    match said:
        case Change(to=to, reason=reason):
            return f"becomes {policy.word(to)}: {reason}"
        case Hold(reason=reason):
            return f"held: {reason}"
        case Silent(reason=reason):
            return f"silent: {reason}"
        case Clean():
            return "clean: nothing is to be done"
        case Untracked():
            return f"untracked: no {policy.namespace}.state, so it is not ours"
        case _:
            raise TypeError(f"no verdict: {said}")
