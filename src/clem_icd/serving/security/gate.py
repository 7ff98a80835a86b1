"""Which token a request carries, and whether it allows what is asked."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from pathlib import Path

from clem_icd.errors import InputError
from clem_icd.serving.problems import ServiceError
from clem_icd.serving.security.tokens import Scope, Token, hash_of, read_tokens

_HOW = "Send the header Authorization: Bearer TOKEN, with a token made by clem token create"
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Gate:
    """Admits requests by the tokens of a file, which is read again whenever it changes.

    Parameters
    ----------
    path
        The file of tokens.

    Raises
    ------
    InputError
        If it cannot be read.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tokens = read_tokens(path)
        self._version = self._current()

    def admit(self, authorization: str | None, scope: Scope | None) -> str:
        """Return the name of the token in an ``Authorization`` header.

        Parameters
        ----------
        authorization
            The header; None if it is missing.
        scope
            What the token must allow; None if any token will do.

        Raises
        ------
        ServiceError
            If there is no token, it is unknown, or it does not allow that.

        """
        return self.admit_any(authorization, () if scope is None else (scope,))

    def admit_any(self, authorization: str | None, scopes: Sequence[Scope]) -> str:
        """Return the name of the token in an ``Authorization`` header, if it has one of some scopes.

        Parameters
        ----------
        authorization
            The header; None if it is missing.
        scopes
            The scopes of which one is enough; empty if any token will do.

        Raises
        ------
        ServiceError
            As for `admit`.

        """
        kind, _, secret = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not secret.strip():
            raise ServiceError("no-token", "the request has no token", _HOW, _CHALLENGE)
        found = self._find(hash_of(secret.strip()))
        if found is None:
            raise ServiceError("unknown-token", "the token is not known here", _HOW, _CHALLENGE)
        if scopes and not set(scopes).intersection(found.scopes):
            raise ServiceError(
                "missing-scope",
                f"the token does not have the scope {' or '.join(scopes)}",
                f"Use one made with --scope {scopes[0]}",
            )
        return found.name

    def holds(self, sha256: str, scopes: Sequence[Scope]) -> bool:
        """Return whether the token with a hash is still there, with one of some scopes.

        Raises
        ------
        ServiceError
            If the file of tokens cannot be read.

        """
        found = self._find(sha256)
        return found is not None and bool(set(scopes).intersection(found.scopes))

    def _find(self, sha256: str) -> Token | None:
        found = None
        # All are compared, each in constant time, so that the time tells nothing about them.
        for token in self._read():
            if hmac.compare_digest(token.sha256, sha256):
                found = token
        return found

    def _read(self) -> tuple[Token, ...]:
        current = self._current()
        if current is None or current != self._version:
            # A file that became unreadable admits nobody.
            self._version = None
            try:
                self._tokens = read_tokens(self._path)
            except InputError:
                raise ServiceError(
                    "tokens-unreadable",
                    "the file of tokens cannot be read",
                    "Restore the file; nobody is admitted until then",
                ) from None
            self._version = current
        return self._tokens

    def _current(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
