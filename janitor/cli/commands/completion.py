"""``janitor completion``: the script that completes commands and options in a shell."""

from __future__ import annotations

import click

from janitor.cli.command import Command

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def command(context: click.Context, /, *, shell: str) -> None:
    """Print the completion script for a shell.

    \b
    bash:  eval "$(janitor completion bash)"      in ~/.bashrc
    zsh:   eval "$(janitor completion zsh)"       in ~/.zshrc
    fish:  janitor completion fish | source       in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    completion = get_completion_class(shell)
    root = context.find_root().command
    if completion is None:
        raise click.UsageError(f"click knows no completion for {shell}", context)
    click.echo(completion(root, {}, "janitor", "_JANITOR_COMPLETE").source())
