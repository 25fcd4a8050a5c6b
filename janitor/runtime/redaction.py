"""Keeps secrets out of everything that leaves the process.

Every exit goes through one :class:`Redactor`: standard output and standard error (:func:`guard`),
which carry the logs and tracebacks too; the report of a pass (:func:`masked_report`), from which
report files, notifications, metrics and CI summaries are made; and what a server says in its error
messages, which journals record. The values of runs in journals and plans are not redacted:
``undo`` and ``apply`` need them exactly. Both files are readable by their owner alone.
"""

from __future__ import annotations

import base64
import json
import netrc
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

MASK: Final = "***"

_SHORTEST_SECRET: Final = 8
"""Characters. Masking a shorter value would garble ordinary words."""
_LONG_SECRET: Final = 24
_BEGINNING: Final = 12
"""Characters of a secret of at least 24 that are masked without the rest."""
_LARGEST_TOKEN_FILE: Final = 65_536
"""Bytes."""
_MESSENGERS: Final = "JANITOR_NOTIFY"
_SECRET_NAME: Final = re.compile(
    r"(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|PRIVATE_KEY)$", re.IGNORECASE
)
"""Environment variables whose values are secrets."""
_LIKE_A_WORD: Final = re.compile(r"[a-z]{1,15}|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?")
"""Parts of a webhook's address that are not secret: ``services``, ``hooks.slack.com``."""

_UNMISTAKABLE: Final = (
    # User and password in an address. The host stays readable.
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/?#\"'<>]*@", re.IGNORECASE), rf"\1{MASK}@"),
    # A webhook
    (re.compile(r"(hooks\.slack\.com/|/api/webhooks/)[^\s\"'<>]+", re.IGNORECASE), rf"\1{MASK}"),
    # A parameter of an address that signs it or gives access.
    (
        re.compile(
            r"([?&][\w.-]*(?:token|key|secret|password|signature|credential)[\w.-]*=)[^&#\s\"'<>]+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    # A header, or its value alone
    (
        re.compile(
            r"(authorization[\"']?\s*[:=]\s*[\"']?)(?:(?:basic|bearer)\s+)?[^\s\"',}]+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"\b(basic|bearer)\s+[a-z0-9+/=._~-]{16,}", re.IGNORECASE), rf"\1 {MASK}"),
    # W&B's new API keys
    (re.compile(r"\bwandb_v\d+_[A-Za-z0-9_-]{16,}"), MASK),
    # An identity token (JWT)
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), MASK),
)
_LIKELY: Final = (
    # W&B's old API keys. A git commit has the same form, and runs are named after commits.
    (re.compile(r"(?<![0-9a-zA-Z])(?:local-)?[0-9a-f]{40}(?![0-9a-zA-Z])"), MASK),
    # An address of a notification service in apprise's form. ``s3://…`` has the same form.
    (
        re.compile(r"\b((?!file:|https?:)[a-z][a-z0-9+.-]*://)(?!\*)[^\s\"'<>]+", re.IGNORECASE),
        rf"\1{MASK}",
    ),
)


class Redactor:
    """Masks the secrets that this process knows, and text that can only be a secret.

    Args:
        environ: The environment: API key, identity token, passwords in addresses, and variables
            whose names say that they are secret.

    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._known: tuple[str, ...] = ()
        self.learn(_of_environment(environ))
        if netrc_file := environ.get("NETRC"):
            self.learn(_of_netrc(Path(netrc_file)))
        if home := environ.get("HOME"):
            for name in (".netrc", "_netrc"):
                self.learn(_of_netrc(Path(home, name)))

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these from now on, in every form in which they may be printed."""
        found = {secret.strip() for secret in secrets}
        forms = {
            form
            for secret in found
            if len(secret) >= _SHORTEST_SECRET
            for form in (
                base64.b64encode(f"api:{secret}".encode()).decode(),
                quote(secret, safe=""),
                quote_plus(secret),
                json.dumps(secret)[1:-1],
                secret,
            )
        }
        self._known = tuple(sorted({*self._known, *forms}, key=lambda form: (-len(form), form)))

    def allow(self, text: str) -> None:
        """Show a text that is known as a secret: it is public, such as the emulator's own key."""
        self._known = tuple(form for form in self._known if form != text)

    def learn_messengers(self, addresses: Iterable[str]) -> None:
        """Mask the parts of these addresses of notification services; most of them are tokens."""
        for address in addresses:
            self.learn(_parts_of_messenger(address))

    def learn_logins(self, addresses: Iterable[str]) -> None:
        """Mask the users and passwords of these addresses."""
        for address in addresses:
            self.learn(_login_of(address))

    def __call__(self, text: str) -> str:
        """The text with every secret masked, and all text that is likely to be one.

        For errors, logs and tracebacks; data must stay readable, see :meth:`in_data`.
        """
        text = self.in_data(text)
        for pattern, replacement in _LIKELY:
            text = pattern.sub(replacement, text)
        return text

    def in_data(self, text: str) -> str:
        """The text with known secrets masked, and text that can only be a secret."""
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, MASK)
            if len(secret) >= _LONG_SECRET and secret[:_BEGINNING] in text:
                text = _without_beginning(text, secret)
        for pattern, replacement in _UNMISTAKABLE:
            text = pattern.sub(replacement, text)
        return text


def _without_beginning(text: str, secret: str) -> str:
    """The text with the secret masked where it was cut off, for example to shorten a message."""
    while (at := text.find(secret[:_BEGINNING])) >= 0:
        pairs = zip(text[at:], secret, strict=False)
        end = at + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        text = f"{text[:at]}{MASK}{text[end:]}"
    return text


@cache
def redactor_of_process() -> Redactor:
    """The one redactor of this process, made from its environment."""
    return Redactor(os.environ)


def masked_report(report: Any, redact: Redactor) -> Any:
    """The same report, or part of one, without secrets in its texts; keys stay as they are."""
    match report:
        case Enum():
            return report
        case str():
            return redact.in_data(report)
        case _ if fields := getattr(type(report), "model_fields", None):  # a pydantic model
            values = {name: getattr(report, name) for name in fields}
            masked = {name: masked_report(value, redact) for name, value in values.items()}
            changed = {name: new for name, new in masked.items() if new is not values[name]}
            return report.model_copy(update=changed) if changed else report
        case Mapping():
            masked = {key: masked_report(each, redact) for key, each in report.items()}
            return masked if masked != report else report
        case list() | tuple():
            items = [masked_report(each, redact) for each in report]
            return type(report)(items) if items != list(report) else report
        case _:
            return report


class GuardedStream:
    """A text stream whose text is redacted before it is written.

    Args:
        stream: Where the text goes.
        mask: Masks the secrets in a text.

    """

    def __init__(self, stream: TextIO, mask: Any) -> None:
        self.unguarded = stream
        self._mask = mask

    def write(self, text: str) -> int:
        """Write the text without its secrets; returns the length of the text given."""
        self.unguarded.write(self._mask(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write the lines."""
        for line in lines:
            self.write(line)

    def __iter__(self) -> Iterator[str]:
        return iter(self.unguarded)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unguarded, name)


def guard(redact: Redactor) -> None:
    """Redact standard output and standard error of this process from now on.

    Characters that the terminal's encoding does not have are written as escapes.
    """
    for name, mask in (("stdout", redact.in_data), ("stderr", redact)):
        stream = getattr(sys, name)
        stream = stream.unguarded if isinstance(stream, GuardedStream) else stream
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, GuardedStream(stream, mask))


def _of_environment(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        if _SECRET_NAME.search(name):
            yield value
        elif name.upper().startswith(_MESSENGERS):
            yield from _parts_of_messenger(value)
        elif "://" in value and "@" in value:
            yield from _login_of(value)
    if token_file := environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        yield from _of_file(Path(token_file))


def _of_file(path: Path) -> Iterator[str]:
    try:
        if path.is_file() and path.stat().st_size <= _LARGEST_TOKEN_FILE:
            yield path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return


def _of_netrc(path: Path) -> Iterator[str]:
    try:
        if not path.is_file():
            return
        hosts = netrc.netrc(path).hosts
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return
    for _, _, password in hosts.values():
        yield password or ""


def _login_of(address: str) -> Iterator[str]:
    """User and password of an address, as it has them and decoded; and both as a header does."""
    login = address.partition("://")[2].rpartition("@")[0]
    user, _, password = login.partition(":")
    for part in (password or user, login):
        yield part
        yield unquote(part)
    yield base64.b64encode(unquote(login).encode()).decode()


def _parts_of_messenger(addresses: str) -> Iterator[str]:
    """The parts of an address, or of several in one text, that may be secret."""
    for address in re.split(r"[\s,]+(?=[a-z][a-z0-9+.-]*://)", addresses, flags=re.IGNORECASE):
        try:
            parts = urlsplit(address)
            values = [value for _, value in parse_qsl(parts.query)]
        except ValueError:
            continue
        yield from _login_of(address) if "@" in parts.netloc else ()
        host = parts.netloc.rpartition("@")[2]
        for part in (host, *parts.path.split("/"), *values, parts.path.strip("/"), parts.fragment):
            if not _LIKE_A_WORD.fullmatch(part):
                yield part
                yield unquote(part)
