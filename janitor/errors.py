"""All errors that the janitor raises, as one tree.

JanitorError                  the base class; its text is one sentence for users
├── UsageError                the input is wrong: exit code 2, nothing was done
│   ├── ConfigError           janitor.yaml, a flag or a JANITOR_* variable
│   ├── TargetError           a target's path is malformed
│   ├── PlanError             a plan file that cannot be read or is of another schema version
│   └── InvalidExperimentIdError  a text that is not a safe name of an experiment
├── StoreError                a store could not complete a request
│   ├── CredentialsError      none were found, or the server refuses them (401)
│   ├── PermissionDeniedError the login is valid, but lacks the permission (403)
│   ├── NotFoundError         the entity, project, sweep, group or run does not exist
│   ├── RejectedError         the server refuses the request (400): a retry does not help
│   ├── TooLargeError         the response or the request was too large: ask for less
│   ├── StateFileError        a file of local state is damaged, or cannot be read or written
│   │   ├── ConflictError     another process changed it since it was read
│   │   ├── HeldError         another process has locked it
│   │   └── LedgerError       the ledger of a sweep is altered, or contradicts itself
│   └── TransientError        may pass: timeouts, resets, 429, 5xx, responses that are not JSON
│       └── UnreachableError  nothing answers: the server is down, or its address is wrong
├── DispatchError             a backend did not answer, or could not start or find a job
│   └── JobRefusedError       a backend refuses a job for good: a retry does not help
├── JournalError              the journal cannot be written or read
├── ReportError               a report cannot be written or read
├── BrakeError                a limit was exceeded: exit code 3, nothing was written
├── EndedEarlyError           a signal or the deadline stopped a pass before it began
└── EmulatorError             the emulator cannot start, or its seed file is malformed
"""

from __future__ import annotations


class JanitorError(Exception):
    """The base class. ``str(error)`` is one sentence: what is wrong, and what to do."""


class UsageError(JanitorError):
    """The input is wrong; nothing was done."""


class ConfigError(UsageError):
    """A setting in janitor.yaml, a flag or a ``JANITOR_*`` variable cannot be used."""


class TargetError(UsageError):
    """A target's path is malformed."""


class PlanError(UsageError):
    """A plan file cannot be read, or is of another schema version."""


class InvalidExperimentIdError(UsageError, ValueError):
    """A text is not a safe name of an experiment."""


class StoreError(JanitorError):
    """A store could not complete a request."""


class CredentialsError(StoreError):
    """No credentials were found, or the server refuses them (HTTP 401)."""


class PermissionDeniedError(StoreError):
    """The login is valid, but lacks the permission (HTTP 403)."""


class NotFoundError(StoreError):
    """The entity, project, sweep, group or run does not exist, or this login may not see it."""


class RejectedError(StoreError):
    """The server refuses the request itself (HTTP 400); a retry does not help."""


class TooLargeError(StoreError):
    """The response or the request was too large or too slow; ask for less at a time."""


class StateFileError(StoreError):
    """A file of local state is damaged, or cannot be read or written."""


class ConflictError(StateFileError):
    """Another process changed the state since it was read; the change was not overwritten."""


class HeldError(StateFileError):
    """Another process has locked the state, and the time to wait for it is over."""


class LedgerError(StateFileError, ValueError):
    """The ledger of a sweep was altered, or contradicts itself: nothing is decided on it."""


class NewerLedgerError(StateFileError):
    """A ledger entry was written by a newer janitor: this one must not act on it. Exit code 2."""


class TransientError(StoreError):
    """A failure that may pass: a timeout, a reset, HTTP 429 or 5xx, a response that is not JSON.

    It is not known whether a write that fails this way was applied.
    """

    def __init__(
        self,
        message: str,
        *,
        slow: bool = False,
        throttled: bool = False,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.slow = slow
        """The server took too long or stopped with a timeout: asking for less may help."""
        self.throttled = throttled
        """The server is asked too often: asking more slowly helps."""
        self.retry_after = retry_after
        """Seconds after which the server wants to be asked again; 0 if it does not say."""


class UnreachableError(TransientError):
    """Nothing answers at the server's address: the server is down, or the address is wrong."""


class DispatchError(JanitorError):
    """A backend did not answer, or could not start or find a job. It is tried again."""


class JobRefusedError(DispatchError):
    """A backend refuses a job for good, for example for an invalid partition."""


class JournalError(JanitorError):
    """The journal cannot be written or read."""


class ReportError(JanitorError):
    """A report cannot be written or read."""


class BrakeError(JanitorError):
    """A limit was exceeded, so nothing was written."""


class EndedEarlyError(JanitorError):
    """A signal or the deadline stopped a pass before it began; ``reason`` says which."""

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class EmulatorError(JanitorError):
    """The emulator cannot start, or its seed file is malformed."""
