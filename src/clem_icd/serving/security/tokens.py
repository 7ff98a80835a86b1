"""API tokens: a file of names, scopes and SHA-256 hashes. A token itself is shown once and stored nowhere.

A token holds 256 random bits, so its hash cannot be inverted by guessing, unlike that of a password.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, ValidationError

from clem_icd.errors import InputError
from clem_icd.fields import Fields, InvalidFieldError
from clem_icd.files import new_file, read_json

Scope = Literal["predict", "review", "admin"]
"""What a token allows: coding notes, judging suggestions, or running the service."""

SCOPES: tuple[Scope, ...] = get_args(Scope)


_PREFIX = "clem_"  # lets scanners of leaked secrets recognise a token
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REMEDY = "Restore it from a copy, or create new tokens with clem token create"


class Token(Fields):
    """A token without its secret.

    Attributes
    ----------
    name
        Who holds it; it is in the log.
    sha256
        The hash of the token, in hexadecimal digits.
    scopes
        What it allows.
    created
        When it was created (UTC).

    """

    name: str = Field(pattern=_NAME.pattern, max_length=64)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    scopes: tuple[Scope, ...]
    created: datetime


class _File(Fields):
    format: Literal["clem-icd/tokens"]
    format_version: Literal[1]
    tokens: tuple[Token, ...]


def hash_of(token: str) -> str:
    """Return the hash under which a token is stored."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def read_tokens(path: Path) -> tuple[Token, ...]:
    """Read a file of tokens.

    Raises
    ------
    InputError
        If it is missing or malformed.

    """
    value = read_json(path, InputError, _REMEDY)
    try:
        return _File.model_validate(value).tokens
    except ValidationError as problem:
        raise InputError(str(InvalidFieldError.of(problem)), path=path, remedy=_REMEDY) from None


def create_token(path: Path, name: str, scopes: Sequence[Scope]) -> str:
    """Add a token to a file, which is created if it is missing, and return the token.

    Raises
    ------
    InputError
        If the name is taken or malformed, or no scope is given.
    OutputError
        If the file cannot be written.

    """
    tokens = read_tokens(path) if path.exists() else ()
    if not _NAME.fullmatch(name):
        raise InputError(
            "the name of a token has 1 to 64 letters, digits, dots, hyphens and underscores",
            remedy="Choose a name such as ehr-interface",
        )
    if any(token.name == name for token in tokens):
        raise InputError(
            f"there is a token {name!r} already", path=path, remedy="Revoke it first, or choose another name"
        )
    if not scopes:
        raise InputError("a token without a scope allows nothing", remedy=f"Add one of {', '.join(SCOPES)}")
    secret = _PREFIX + secrets.token_urlsafe(32)
    unique = tuple(dict.fromkeys(scopes))
    created = datetime.now(UTC).replace(microsecond=0)
    _write(path, (*tokens, Token(name=name, sha256=hash_of(secret), scopes=unique, created=created)))
    return secret


def revoke_token(path: Path, name: str) -> None:
    """Remove a token from a file. A running service refuses it from its next request on.

    Raises
    ------
    InputError
        If there is no such token.
    OutputError
        If the file cannot be written.

    """
    tokens = read_tokens(path)
    kept = tuple(token for token in tokens if token.name != name)
    if len(kept) == len(tokens):
        known = ", ".join(token.name for token in tokens) or "none"
        raise InputError(f"there is no token {name!r}", path=path, remedy=f"The tokens are: {known}")
    _write(path, kept)


def _write(path: Path, tokens: tuple[Token, ...]) -> None:
    document = _File(format="clem-icd/tokens", format_version=1, tokens=tokens)
    with new_file(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(document.model_dump_json(indent=2) + "\n", encoding="utf-8")
