"""Classes for commands and groups: common options, help in sections, late imports."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import click

from janitor.cli.context import Session
from janitor.cli.errors import leave, run_guarded
from janitor.runtime.redaction import guard

_MANY = 15
"""A command with this many options shows them in sections."""


def _count_verbosity(context: click.Context, _: click.Parameter, value: int) -> None:
    context.ensure_object(Session).verbosity += value


def _set_log_format(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Session).log_format = value


def _options_of_all() -> list[click.Parameter]:
    return [
        click.Option(
            ["-v", "--verbose"],
            count=True,
            is_eager=True,
            expose_value=False,
            callback=_count_verbosity,
            help="Log more; -vv also shows the traceback of an error.",
        ),
        click.Option(
            ["--log-format"],
            type=click.Choice(["console", "json"]),
            is_eager=True,
            expose_value=False,
            callback=_set_log_format,
            help="How log lines on stderr look.  [default: console]",
        ),
    ]


class Command(click.Command):
    """A command with the common options ``-v`` and ``--log-format``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _options_of_all()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, in sections if there are many."""
        if len(self.params) < _MANY:
            super().format_options(ctx, formatter)
            return
        from janitor.cli.options import section_of

        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if record := param.get_help_record(ctx):
                sections.setdefault(section_of(param.name or ""), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def invoke(self, ctx: click.Context) -> Any:
        """Set up the logs, then run the command."""
        ctx.ensure_object(Session).start_logging()
        return super().invoke(ctx)


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command that is imported at its first use."""

    file: str
    """Its module in :mod:`janitor.cli.commands`; the command is the module's ``command``."""
    summary: str
    """Its line in the list of commands, which is shown without importing the command."""

    def load(self, name: str) -> click.Command:  # noqa: ARG002 - as LazyGroup's
        """The command, imported now."""
        command = import_module(f"janitor.cli.commands.{self.file}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"janitor/cli/commands/{self.file}.py does not define a command")
        return command


@dataclass(frozen=True, slots=True)
class LazyGroup:
    """A group of commands."""

    summary: str
    """Its line in the list of commands."""
    help: str
    commands: Mapping[str, Lazy]

    def load(self, name: str) -> click.Command:
        """The group."""
        return Group(name, lazy=self.commands, help=self.help)


class Group(click.Group):
    """A group of commands; accepts ``-v`` and ``--log-format`` before and after the command."""

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy | LazyGroup], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy
        self.params += _options_of_all()

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """The names of the commands, in the order of the table."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the signature is click's
        """The command, imported now."""
        lazy = self.lazy.get(cmd_name)
        return None if lazy is None else lazy.load(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the signature is click's
        """Write the list of commands from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in self.lazy.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; an unknown name gets a suggestion."""
        name = args[0]
        if name not in self.lazy and not name.startswith("-") and not ctx.resilient_parsing:
            from janitor.model.wording import did_you_mean

            raise click.UsageError(f"No such command '{name}'{did_you_mean(name, self.lazy)}", ctx)
        return super().resolve_command(ctx, args)


class RootGroup(Group):
    """The root group: it ends the process with an exit code, and one sentence for an error."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - the signature is click's
        **extra: Any,
    ) -> Any:
        """Run the command, and exit with its code or with the code for its error."""
        run: Callable[..., Any] = partial(super().main, args, prog_name or "janitor", complete_var)
        if standalone_mode:
            session = Session(os.environ)
            guard(session.redact)
            extra.setdefault("obj", session)
            leave(run_guarded(partial(run, standalone_mode=False, **extra), session))
        return run(standalone_mode=False, **extra)
