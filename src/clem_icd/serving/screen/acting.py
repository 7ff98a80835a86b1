"""The bodies of the acts, and how each is done in the store."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from clem_icd.errors import ClemError
from clem_icd.fields import Fields
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.serving.problems import ServiceError
from clem_icd.serving.security.sign_on import coder_name
from clem_icd.serving.store.acts import Act
from clem_icd.serving.store.encounters import Mark
from clem_icd.serving.store.finishing import assign, reopen, submit
from clem_icd.serving.store.judgement import Judgement
from clem_icd.serving.store.judging import add, judge, order
from clem_icd.serving.store.undoing import undo

_Key = Annotated[str, StringConstraints(max_length=32)]
# PostgreSQL stores no NUL.
_Text = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]
_Version = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
_Offset = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]


class Judge(Fields):
    """What a coder says of a code."""

    code: _Key
    verdict: Literal["open", "accepted", "rejected", "replaced"]
    reason: _Text | None = None
    replaced_by: _Key | None = None
    present_on_admission: _Text | None = None
    comment: _Text | None = None
    version: _Version

    def do(self, connection: Connection, encounter_id: str, act: Act) -> None:
        """Judge the code."""
        code = _code(self.code)
        replaced_by = None if self.replaced_by is None else _listed(self.replaced_by, code.system).value
        judgement = Judgement(
            self.verdict, self.reason, replaced_by, self.present_on_admission, self.comment or None
        )
        judge(connection, encounter_id, code, judgement, self.version, act)


class Marked(Fields):
    """A stretch of a document."""

    document: _Offset
    begin: _Offset
    end: _Offset


class Add(Fields):
    """A code that the model did not suggest."""

    code: _Key
    marks: tuple[Marked, ...] = Field(default=(), max_length=100)

    def do(self, connection: Connection, encounter_id: str, act: Act) -> None:
        """Add the code, accepted."""
        code = _listed(self.code)
        marks = [Mark(one.document, one.begin, one.end) for one in self.marks]
        title = default_codebook().title(code.value, code.system)
        add(connection, encounter_id, code, title, act, marks)


class Order(Fields):
    """An order of the codes that stand."""

    codes: tuple[_Key, ...] = Field(max_length=1_000)
    version: _Version

    def do(self, connection: Connection, encounter_id: str, act: Act) -> None:
        """Put the codes into the order."""
        order(connection, encounter_id, [_code(one) for one in self.codes], self.version, act)


class Undo(Fields):
    """Taking back the coder's last act."""

    def do(self, connection: Connection, encounter_id: str, act: Act) -> None:
        """Take it back, if there is one."""
        undo(connection, encounter_id, act)


class Assign(Fields):
    """Giving an encounter to a coder, or to nobody."""

    coder: _Text | None

    def do(self, connection: Connection, encounter_id: str, act: Act) -> None:
        """Assign the encounter."""
        name = None if self.coder is None else coder_name(self.coder)
        if self.coder is not None and name is None:
            raise ServiceError("invalid-request", "coder: expected a name", "Use letters, digits and spaces")
        assign(connection, encounter_id, name, act)


class Submit(Fields):
    """Finishing an encounter."""

    def do(self, connection: Connection, encounter_id: str, act: Act) -> None:
        """Submit the encounter."""
        submit(connection, encounter_id, act)


class Reopen(Fields):
    """Opening a submitted encounter again."""

    def do(self, connection: Connection, encounter_id: str, act: Act) -> None:
        """Reopen the encounter."""
        reopen(connection, encounter_id, act)


def _code(key: str, system: CodeSystem | None = None) -> Code:
    name, separator, value = key.rpartition(":")
    try:
        found = CodeSystem(name) if separator or system is None else system
        code = Code.parse(value, found)
    except (ValueError, ClemError):
        code = None
    if code is None or (system is not None and code.system is not system):
        raise ServiceError("invalid-request", "a code is malformed", "Write it as SYSTEM:CODE")
    return code


def _listed(key: str, system: CodeSystem | None = None) -> Code:
    """Return a code that exists, as far as its system has a list of codes."""
    code = _code(key, system)
    if default_codebook().exists(code.value, code.system) is False:
        raise ServiceError("invalid-request", "the code does not exist", "Choose one from the search")
    return code
