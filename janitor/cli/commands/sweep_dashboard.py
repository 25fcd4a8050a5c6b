"""``janitor sweep dashboard``: sweeps in a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import open_catalog, open_named, store_option

if TYPE_CHECKING:
    from janitor.sweep.ports import SweepStore

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("dashboard", cls=Command)
@click.argument("sweeps", metavar="[SWEEP]...", nargs=-1)
@store_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. Another one than loopback needs a token.",
)
@click.option(
    "--token",
    metavar="TEXT",
    envvar="JANITOR_DASHBOARD_TOKEN",
    help="What a browser must show.  [default: a random one, if --host is not loopback]",
)
@click.option(
    "--export", metavar="FILE", type=_FILE, help="Write the page of one sweep to a file, and end."
)
def command(
    *,
    sweeps: tuple[str, ...],
    store: str | None,
    port: int,
    host: str,
    token: str | None,
    export: Path | None,
) -> None:
    """Show sweeps in a browser, live and read-only; without a name all of the store.

    The page shows the command for each action, to copy. All its links are relative, so it works
    behind a path prefix of a proxy. Needs the extra dashboard; ends with Ctrl-C.
    """
    from janitor.errors import UsageError
    from janitor.runtime.extras import require
    from janitor.sweep.catalogs import DEFAULT

    require("dashboard", for_what="sweep dashboard")
    if export is not None:
        if len(sweeps) != 1:
            raise UsageError("--export writes the page of one sweep: name it")
        _export(store, sweeps[0], export)
        return
    if sweeps:
        stores = [open_named(store, name).store for name in sweeps]
    else:
        catalog = open_catalog(store or DEFAULT)
        opened = [catalog.open(name) for name in catalog.names()]
        stores = [one for one in opened if one.last_number() > 0]
        if not stores:
            raise UsageError(f"there is no sweep in {catalog.location}")
    _serve(stores, host, port, token)


def _export(store: str | None, name: str, path: Path) -> None:
    from janitor.errors import ReportError
    from janitor.runtime.clock import utc_now
    from janitor.runtime.extras import temporary_home
    from janitor.storage.atomic import check_writable, write_atomically
    from janitor.sweep.dashboard import pages, view

    check_writable(path)
    shot = view.snapshot(open_named(store, name).store, utc_now())
    with temporary_home():
        drawn = view.charts(shot.data)
    write_atomically(path, pages.export(shot, drawn), error=ReportError)


def _serve(stores: Sequence[SweepStore], host: str, port: int, token: str | None) -> None:
    import secrets
    import socket

    import uvicorn

    from janitor.errors import UsageError
    from janitor.runtime.clock import utc_now
    from janitor.sweep.dashboard.app import Dashboard

    is_local = host in ("127.0.0.1", "localhost", "::1")
    if token is None and not is_local:
        token = secrets.token_urlsafe(16)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(64)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    number = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    secret = "" if token is None else f"?token={token}"
    dashboard = Dashboard(stores, utc_now, token)
    for each in stores:
        dashboard.shot(each.name)  # a large ledger takes seconds to read: before the first page
    click.echo(f"janitor dashboard at http://{shown}:{number}/{secret}")
    settings = uvicorn.Config(
        dashboard,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(settings).run(sockets=[listening])
