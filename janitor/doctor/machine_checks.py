"""Checks that need no server: versions, other packages, credentials, folders."""

from __future__ import annotations

import netrc
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from packaging.version import Version

from janitor.doctor.findings import Finding, fail, ok, warn
from janitor.stores.wandb.api import SUPPORTED

_INSTALL_ALONE = "install the janitor separately: pipx, `uv tool install` or its image"

Versions = Callable[[str], str]
"""The version of an installed package; raises PackageNotFoundError."""


def examine_machine(
    environ: Mapping[str, str], versions: Versions = metadata.version
) -> Iterator[Finding]:
    """Versions, and packages that conflict."""
    yield ok("python", f"{platform.python_version()} on {platform.system()}")
    yield _wandb(versions)
    yield _pyjanitor(versions)
    for name in ("WANDB_MODE", "WANDB_DISABLED"):
        if environ.get(name, "").lower() in {"offline", "disabled", "dryrun", "true", "1"}:
            yield warn(
                "wandb", f"{name} is {environ[name]!r}", f"unset {name}: the janitor is online"
            )


def _wandb(versions: Versions) -> Finding:
    try:
        version = versions("wandb")
    except metadata.PackageNotFoundError:
        return fail("wandb", "is not installed", f"install wandb {SUPPORTED}")
    lowest, highest = (Version(text) for text in SUPPORTED.split(" to "))
    if Version(version) < lowest:
        return fail("wandb", f"{version} is too old", f"install wandb {SUPPORTED}")
    if Version(version).release[: len(highest.release)] > highest.release:
        return warn(
            "wandb",
            f"{version} is newer than the tested versions ({SUPPORTED})",
            "if requests fail, install one of those",
        )
    return ok("wandb", f"{version} (tested: {SUPPORTED})")


def _pyjanitor(versions: Versions) -> Finding:
    try:
        version = versions("pyjanitor")
    except metadata.PackageNotFoundError:
        return ok("pyjanitor", "not installed here: nothing else is imported as janitor")
    return warn(
        "pyjanitor",
        f"{version} is installed here too, and is imported as janitor as well: the one that was"
        " installed last has overwritten files of the other",
        _INSTALL_ALONE,
    )


def examine_credentials(address: str, environ: Mapping[str, str]) -> Finding:
    """Where the credentials for the server come from; never the credentials themselves."""
    if environ.get("WANDB_API_KEY", "").strip():
        return ok("credentials", "from the variable WANDB_API_KEY")
    token = environ.get("WANDB_IDENTITY_TOKEN_FILE")
    if token:
        if Path(token).is_file():
            return ok("credentials", f"an identity token, from {token}")
        return fail(
            "credentials",
            f"WANDB_IDENTITY_TOKEN_FILE names {token}, which does not exist",
            "set it to the file with the token",
        )
    host = urlsplit(address).hostname or address
    for path in _netrc_files(environ):
        found = _netrc_has(path, host)
        if found:
            return ok("credentials", f"from {path}, for {host}")
    return warn(
        "credentials",
        f"none in WANDB_API_KEY, in WANDB_IDENTITY_TOKEN_FILE or in a netrc file for {host}",
        f"set WANDB_API_KEY, or run `wandb login --host {address}`",
    )


def _netrc_files(environ: Mapping[str, str]) -> Iterator[Path]:
    if environ.get("NETRC"):
        yield Path(environ["NETRC"]).expanduser()
    try:
        home = Path.home()
    except RuntimeError:
        return
    yield home / ".netrc"
    yield home / "_netrc"


# requests.utils.get_netrc_auth finds the same login. It does not say in which file, which is what
# people need to know here, and it reads the environment of the process.
def _netrc_has(path: Path, host: str) -> bool:
    try:
        return netrc.netrc(path).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return False


def examine_folder(check: str, folder: Path) -> Finding:
    """Whether a folder can be written to or created."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return ok(check, f"{folder} is writable")
    return fail(
        check, f"{folder} is not writable", f"make {nearest} writable, or name another folder"
    )
