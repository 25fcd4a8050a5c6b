"""Users and their permissions."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from janitor.emulator.settings import Settings

_WELL_FORMED_KEY = re.compile(r"[A-Za-z0-9_-]{40,}")
TOKEN_LIFETIME = 3600
"""The announced lifetime of an access token, in seconds."""


class RefusedError(Exception):
    """A request is refused, with an HTTP status and a message."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class User:
    """A user with an API key; the entity of the same name is the user's own."""

    name: str


class Doorkeeper:
    """Finds users by API key (HTTP Basic, user ``api``) or by access token (Bearer)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._secret = secrets.token_bytes(16)
        self._tokens: dict[str, User] = {}

    def user(self, authorization: str | None) -> User:
        """The user of an Authorization header; raises RefusedError (401)."""
        scheme, _, credentials = (authorization or "").partition(" ")
        user = None
        if scheme.lower() == "basic":
            user = self._user_of_key(_password(credentials))
        elif scheme.lower() == "bearer":
            user = self._tokens.get(credentials.strip())
        if user is None:
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED, "user is not logged in: the API key is missing or unknown"
            )
        return user

    def exchange(self, identity_token: str) -> str:
        """An access token for an identity token; raises RefusedError (401)."""
        subject = _subject(identity_token)
        if subject is None:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "the identity token cannot be read")
        token = secrets.token_urlsafe(24)
        self._tokens[token] = User(subject)
        return token

    def require(self, user: User, entity: str, *, write: bool = False) -> None:
        """Raise RefusedError (403) if the user may not read, or write, the entity's projects."""
        access = self._settings.access(user.name, entity)
        if access == "none" or (write and access != "write"):
            action = "write to" if write else "read"
            raise RefusedError(
                HTTPStatus.FORBIDDEN, f"permission denied: {user.name} may not {action} {entity}"
            )

    def signature(self, path: str) -> str:
        """The signature of a path: an address with it needs no credentials."""
        return hashlib.blake2b(path.encode(), key=self._secret, digest_size=12).hexdigest()

    def _user_of_key(self, key: str) -> User | None:
        users = self._settings.users
        if users is not None:
            return User(users[key]) if key in users else None
        if not _WELL_FORMED_KEY.fullmatch(key):
            return None
        return User("user-" + hashlib.sha256(key.encode()).hexdigest()[:8])


def _password(credentials: str) -> str:
    try:
        _, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password


def _subject(identity_token: str) -> str | None:
    """A user name for an identity token (a JWT: three parts); its signature is not checked."""
    parts = identity_token.strip().split(".")
    if len(parts) != 3 or not all(parts):
        return None
    return "token-" + hashlib.sha256(parts[1].encode()).hexdigest()[:8]
