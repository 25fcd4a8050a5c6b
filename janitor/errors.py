"""Every error that the janitor raises, as one tree.

JanitorError                  something went wrong; its text is one sentence for people
├── UsageError                the caller's words are off: exit 2, nothing was done
│   ├── ConfigError           janitor.yaml, a flag or a JANITOR_* variable
│   ├── TargetError           a target's path is malformed
│   ├── PlanError             a plan file that cannot be read or is of another schema version
│   └── InvalidExperimentIdError  a text that is no safe name of an experiment
├── StoreError                a store could not do what it was asked
│   ├── CredentialsError      none found, or the server refuses them (401)
│   ├── PermissionDeniedError the server knows us and says no (403)
│   ├── NotFoundError         the entity, project, sweep, group or run does not exist
│   ├── RejectedError         the server understood and refuses (400): no use in asking again
│   ├── TooLargeError         the answer or the request was too large: ask for less
│   ├── StateFileError        a file of local state is damaged, or cannot be read or written
│   │   ├── ConflictError     another process wrote it since it was read
│   │   └── HeldError         another process holds it
│   └── TransientError        may pass: time-outs, resets, 429, 5xx, answers that are no JSON
│       └── UnreachableError  nothing answers at the server's address: it is down, or it is wrong
├── JournalError              the journal cannot be written or read
├── ReportError               a report cannot be written or read
├── BrakeError                a limit was passed: exit 3, nothing was written
├── EndedEarlyError           a signal or the deadline came before a pass had begun
└── EmulatorError             the emulator cannot start, or its seed file is malformed
"""

from __future__ import annotations


class JanitorError(Exception):
    """Something went wrong; ``str(error)`` is one sentence that names the thing and what to do."""


class UsageError(JanitorError):
    """The caller's words are off; nothing was done."""


class ConfigError(UsageError):
    """A setting in janitor.yaml, a flag or a ``JANITOR_*`` variable cannot be used."""


class TargetError(UsageError):
    """A target's path is malformed."""


class PlanError(UsageError):
    """A plan file cannot be read, or is of another schema version."""


class InvalidExperimentIdError(UsageError, ValueError):
    """A text that is no safe name of an experiment."""


class StoreError(JanitorError):
    """A store could not do what it was asked."""


class CredentialsError(StoreError):
    """No credentials were found, or the server refuses them (HTTP 401)."""


class PermissionDeniedError(StoreError):
    """The server knows who we are and says no (HTTP 403)."""


class NotFoundError(StoreError):
    """The entity, project, sweep, group or run does not exist, or we may not see it."""


class RejectedError(StoreError):
    """The server understood the request and refuses it; asking again is no use."""


class TooLargeError(StoreError):
    """The answer or the request was too large or too slow; ask for less at a time."""


class StateFileError(StoreError):
    """A file of local state is damaged, or cannot be read or written."""


class ConflictError(StateFileError):
    """Another process wrote the state since it was read; nothing was written over it."""


class HeldError(StateFileError):
    """Another process holds the state, and this one did not wait any longer."""


class TransientError(StoreError):
    """A failure that may pass: a time-out, a reset, HTTP 429 or 5xx, an answer that is no JSON.

    Whether a write was applied before it failed is not known.
    """

    def __init__(self, message: str, *, slow: bool = False) -> None:
        super().__init__(message)
        self.slow = slow
        """The server took too long, or gave up on its side: asking for less may help."""


class UnreachableError(TransientError):
    """Nothing answers at the server's address: the server is down, or the address is wrong."""


class JournalError(JanitorError):
    """The journal cannot be written or read."""


class ReportError(JanitorError):
    """A report cannot be written or read."""


class BrakeError(JanitorError):
    """A limit was passed, so nothing was written."""


class EndedEarlyError(JanitorError):
    """A signal or the deadline came before a pass had begun; ``reason`` says which."""

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class EmulatorError(JanitorError):
    """The emulator cannot start, or its seed file is malformed."""
