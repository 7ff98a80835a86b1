"""Creating the tables, and bringing those of earlier releases up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from clem_icd.errors import InputError

_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(connection: Connection, where: str) -> None:
    """Run the migrations that a database lacks, in the transaction of a connection.

    Raises
    ------
    InputError
        If a later release has changed the database.

    """
    config = Config(attributes={"connection": connection})
    # Alembic reads a percent sign as the start of a variable.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise InputError(
            f"the database {where} was changed by a later release (revision {current})",
            remedy="Upgrade clem-icd",
        )
    command.upgrade(config, "head")
