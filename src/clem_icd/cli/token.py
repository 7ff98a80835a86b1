"""clem token: the API tokens of the service."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clem_icd.cli.tabulation import new_table
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.serving.security.tokens import Token

token = typer.Typer(
    help="Create, list and revoke the API tokens of clem serve.", no_args_is_help=True, rich_markup_mode=None
)

TokenFile = Annotated[Path, typer.Option("--tokens", help="The file of tokens.")]


class ScopeName(StrEnum):
    """The names of `clem_icd.serving.SCOPES`, repeated so that ``--help`` need not import it."""

    PREDICT = "predict"
    REVIEW = "review"
    ADMIN = "admin"


@token.command("create")
@verb()
def create(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(help="Who will hold the token, such as ehr-interface.")],
    tokens: TokenFile,
    scope: Annotated[
        list[ScopeName] | None,
        typer.Option(help="What the token allows; may be given several times. Default: predict."),
    ] = None,
) -> None:
    """Create a token and print it, once: the file holds only its hash.

    Example: `clem token create ehr-interface --tokens tokens.json --scope predict`
    """
    from clem_icd.serving import SCOPES, create_token

    wanted = scope or [ScopeName.PREDICT]
    scopes = [one for one in SCOPES if one in wanted]
    secret = create_token(tokens, name, scopes)
    terminal.say(f"Added the token {name} to {tokens}. It is shown only now:")
    terminal.result(
        {"name": name, "scopes": scopes, "token": secret},
        lambda console: console.print(secret, markup=False),
    )


@token.command("list")
@verb()
def list_(terminal: Terminal, tokens: TokenFile) -> None:
    """List the tokens of a file by name.

    Example: `clem token list --tokens tokens.json`
    """
    from clem_icd.serving import read_tokens

    found = read_tokens(tokens)
    value = {"tokens": [one.model_dump(mode="json", exclude={"sha256"}) for one in found]}
    terminal.result(value, lambda console: _show(console, found))


@token.command("revoke")
@verb()
def revoke(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(help="The name of the token.")],
    tokens: TokenFile,
) -> None:
    """Remove a token. A running service refuses it from its next request on.

    Example: `clem token revoke ehr-interface --tokens tokens.json`
    """
    from clem_icd.serving import revoke_token

    revoke_token(tokens, name)
    terminal.result({"revoked": name}, lambda console: console.print(f"Revoked {name}.", markup=False))


def _show(console: Console, tokens: tuple[Token, ...]) -> None:
    table = new_table("name", "scopes", "created", text=("scopes", "created"))
    for one in tokens:
        table.add_row(one.name, ", ".join(one.scopes), f"{one.created:%Y-%m-%d %H:%M} UTC")
    console.print(table)
