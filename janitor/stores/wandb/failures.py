"""What wandb raises, in our own words.

wandb-core hands a failure over as text and, now and then, an HTTP status: WANDB's Python side
sees status 0 for GraphQL errors, for connections that fail and for statuses that were retried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from janitor.errors import (
    CredentialsError,
    NotFoundError,
    PermissionDeniedError,
    RejectedError,
    StoreError,
    TooLargeError,
    TransientError,
)
from janitor.runtime.redaction import redactor_of_process

_RETRIED = re.compile(r"^.*giving up after \d+ attempt.*?while retrying: ", re.DOTALL)
_LIKE_A_KEY = re.compile(r"\b[A-Za-z0-9_-]{40,}\b")
"""A server may repeat what it was sent."""
_STATUS = re.compile(r"\bHTTP (\d{3})\b")
_TIMED_OUT = re.compile(
    r"Client\.Timeout|deadline exceeded|timed? ?out|respond in time", re.IGNORECASE
)
_UNREACHABLE = re.compile(
    r"\bdial tcp\b|no such host|connection (refused|reset)|\bx509:|\btls:", re.IGNORECASE
)
_AWAY = re.compile(
    r"\bdial\b|no such host|refused|\bx509:|\btls:|in time|timed? ?out|deadline|timeout",
    re.IGNORECASE,
)
_DENIED = re.compile(r"permission|denied|forbidden|not authorized|unauthorized", re.IGNORECASE)
_MISSING = re.compile(r"not found|does not exist|could not find|no such", re.IGNORECASE)
_INVALID = re.compile(
    r"unknown (argument|field|type)|cannot query|undefined|syntax error", re.IGNORECASE
)
_TOO_OFTEN = re.compile(r"rate.?limit|too many requests|request rate", re.IGNORECASE)
_TOO_LARGE = re.compile(
    r"too large|too big|too many|exceeds|maximum|at most|no more than|payload size|page size",
    re.IGNORECASE,
)
_MEANINGS: tuple[tuple[re.Pattern[str], Callable[[str], StoreError], str], ...] = (
    (_TIMED_OUT, partial(TransientError, slow=True), "did not answer in time"),
    (_UNREACHABLE, TransientError, "cannot be reached"),
    (_INVALID, RejectedError, "refuses the request"),
    (_TOO_OFTEN, partial(TransientError, throttled=True), "is asked too often"),
    (_TOO_LARGE, TooLargeError, "rejects it as too large"),
    (_DENIED, PermissionDeniedError, "denies permission"),
    (_MISSING, NotFoundError, "does not have it"),
)
"""What a message without a status says, the error that this is, and what the server does there."""
_UNREADABLE = "error reading credentials"
_LONGEST = 300


def explain(message: str) -> str:
    """The message of wandb-core on one line, without its text about retries."""
    text = redactor_of_process()(" ".join(_RETRIED.sub("", message).split()))
    text = _LIKE_A_KEY.sub("***", text)
    text = text.removeprefix("input: ")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


@contextmanager
def known_form(address: str) -> Iterator[None]:
    """Reading an answer: where it has another form than was asked for, that is a StoreError."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise TransientError(
            f"W&B at {address} sends a malformed answer ({error!r:.80})"
        ) from error


def nothing_answers(failure: BaseException) -> bool:
    """Whether no connection was made, or nothing came over it in time; else a server is there."""
    status = getattr(getattr(failure, "response", None), "http_status", 0)
    if status or _STATUS.search(str(failure)):
        return False
    return _AWAY.search(str(failure)) is not None


def classify(failure: BaseException, address: str) -> StoreError:
    """The StoreError for a failure of wandb's transport."""
    response: Any = getattr(failure, "response", None)
    message = str(failure) or type(failure).__name__
    status = int(getattr(response, "http_status", 0) or 0)
    if not status and (found := _STATUS.search(message)):
        status = int(found.group(1))
    if status:
        return of_status(status, explain(message), address)
    return of_message(explain(message), address)


def of_status(status: int, message: str, address: str, retry_after: float = 0.0) -> StoreError:
    """The StoreError for an HTTP status.

    Args:
        status: The status.
        message: What the server says, as :func:`explain` returns it.
        address: The server's.
        retry_after: Seconds after which the server wants to be asked again.

    """
    answer = message if f"{status}" in message else f"HTTP {status}: {message}"
    if status == 401:
        return CredentialsError(
            f"W&B at {address} refuses the credentials (HTTP 401): check WANDB_API_KEY or"
            f" run `wandb login --host {address}`"
        )
    if status == 403:
        return PermissionDeniedError(f"W&B at {address} denies permission (HTTP 403): {message}")
    if status == 404:
        return NotFoundError(f"W&B at {address} does not have it (HTTP 404): {message}")
    if status == 413 or (status == 400 and _TOO_LARGE.search(message)):
        return TooLargeError(f"W&B at {address} rejects it as too large: {answer}")
    if status in {408, 425, 429} or status >= 500:
        is_slow = status not in {425, 429}
        return TransientError(
            f"W&B at {address} answers: {answer}",
            slow=is_slow,
            throttled=status == 429,
            retry_after=retry_after,
        )
    return RejectedError(f"W&B at {address} refuses the request: {answer}")


def of_message(message: str, address: str) -> StoreError:
    """The StoreError for a message without a status, as :func:`explain` returns it."""
    if _UNREADABLE in message:  # such as an identity token's file that is not there
        return CredentialsError(f"the credentials for W&B at {address} cannot be used: {message}")
    for pattern, kind, deed in _MEANINGS:
        if pattern.search(message):
            return kind(f"W&B at {address} {deed}: {message}")
    return TransientError(f"the request to W&B at {address} failed: {message}")
