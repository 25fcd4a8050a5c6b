"""``janitor doctor``: check this machine, the login, the server and the targets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.errors import printable
from janitor.cli.exit_codes import ExitCode
from janitor.cli.options import journal_option, policy_options, target_options
from janitor.errors import StoreError, TransientError, UsageError

if TYPE_CHECKING:
    from janitor.config import Config
    from janitor.doctor.findings import Finding
    from janitor.stores.wandb import GraphQLApi


@click.command("doctor", cls=Command)
@target_options
@policy_options
@journal_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
@click.option(
    "--write-check",
    is_flag=True,
    help="Test write access: write the current display name of one run of each target again.",
)
@pass_session
def command(session: Session, /, *, as_json: bool, write_check: bool, **flags: Any) -> ExitCode:
    """Check this machine, the login, the server and the targets, and say what to do.

    Read-only unless --write-check is given. Exits with 1 if a check fails; warnings do not count.
    """
    findings = []
    for finding in _examine(session, flags, write_check=write_check):
        findings.append(finding)
        if not as_json:
            click.echo(_line(finding, session))
    failed = [finding for finding in findings if finding.level == "fail"]
    if as_json:
        click.echo(session.redact(_as_json(findings)))
    else:
        click.echo(f"{len(failed)} failed" if failed else "nothing failed")
    return ExitCode.FAILED if failed else ExitCode.DONE


def _examine(session: Session, flags: Mapping[str, Any], *, write_check: bool) -> Iterator[Finding]:
    from janitor.config import Config
    from janitor.doctor.findings import fail, ok
    from janitor.doctor.machine_checks import examine_credentials, examine_folder, examine_machine
    from janitor.doctor.server_checks import advice_for
    from janitor.storage.journal_folder import journal_folder
    from janitor.stores.backends import open_door
    from janitor.stores.wandb.probes import address_in_settings

    before = dict(session.environ)
    yield from examine_machine(before)
    try:
        loaded = session.load_config(flags)
    except UsageError as error:
        yield fail("settings", str(error), "correct it: `janitor config schema` has all settings")
        config = Config()
    else:
        config = loaded.config
        yield ok("settings", f"from {loaded.file}" if loaded.file else "no janitor.yaml here")
    try:
        yield examine_folder("journal", journal_folder(config.journal))
    except UsageError as error:
        yield fail("journal", str(error), "name a folder of your own with --journal")
    try:
        door = open_door(config)
    except (UsageError, TransientError) as error:
        cause = error if isinstance(error, TransientError) else error.__cause__
        address = address_in_settings()
        if address is not None:
            yield examine_credentials(address, before)
        advice = advice_for(cause) if isinstance(cause, StoreError) else "correct it"
        yield fail("server", str(error), advice)
        return
    try:
        yield examine_credentials(door.address, before)
        yield from _examine_server(door, config, write_check=write_check)
    finally:
        door.close()


def _examine_server(door: GraphQLApi, config: Config, *, write_check: bool) -> Iterator[Finding]:
    from datetime import UTC, datetime

    from janitor.doctor.server_checks import Examination, examine_clock, examine_login
    from janitor.doctor.vocabulary_check import Census
    from janitor.stores.wandb import WandbStore
    from janitor.stores.wandb.server_time import server_time

    yield examine_login(door)
    yield examine_clock(server_time(door.address), datetime.now(UTC))
    examination = Examination(
        door=door,
        store=WandbStore(door, config.policy, config.page_size),
        asked_page_size=config.page_size,
        census=Census(config.policy),
        write_check=write_check,
    )
    yield from examination.targets(config.targets)


def _line(finding: Finding, session: Session) -> str:
    about = f"{finding.target}: " if finding.target else ""
    advice = f"; {finding.advice}" if finding.advice else ""
    said = printable(session.redact(f"{about}{finding.message}{advice}"))
    return f"{finding.level:4}  {finding.check}: {said}"


def _as_json(findings: Sequence[Finding]) -> str:
    rows = [
        {
            "check": finding.check,
            "target": finding.target,
            "level": finding.level.value,
            "message": finding.message,
            "advice": finding.advice,
        }
        for finding in findings
    ]
    healthy = all(finding.level != "fail" for finding in findings)
    document = {"schema": "janitor.doctor/1", "healthy": healthy, "findings": rows}
    return json.dumps(document, indent=2, ensure_ascii=False)
