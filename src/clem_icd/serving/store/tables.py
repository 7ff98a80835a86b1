"""The tables, for SQLite and PostgreSQL alike; ``migrations`` creates them.

Times are text in UTC with microseconds (``2026-11-29T07:15:49.000001Z``): they read back as they were written
on every database, which the chain of hashes needs.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

STATUSES = ("open", "submitted")
VERDICTS = ("open", "accepted", "rejected", "replaced")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} in ({listed})", name=column)


encounters = Table(
    "encounters",
    metadata,
    Column("id", String(36), primary_key=True),
    # The name that the hospital gives it, such as an admission number.
    Column("name", Text, nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("assigned_to", Text),
    Column("created_at", String(27), nullable=False),
    Column("changed_at", String(27), nullable=False),
    # The accepted codes in the order of the claim, as JSON; the first diagnosis is the principal one.
    Column("sequence", Text, nullable=False),
    Column("sequence_version", Integer, nullable=False),
    _one_of("status", STATUSES),
    Index("ix_encounters_status_created_at", "status", "created_at"),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("encounter_id", ForeignKey("encounters.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text),
    Column("text", Text, nullable=False),
)

origins = Table(
    "origins",
    metadata,
    Column("encounter_id", ForeignKey("encounters.id", ondelete="CASCADE"), primary_key=True),
    Column("model", Text, nullable=False),
    Column("model_sha256", String(64), nullable=False),
    Column("rule", Text, nullable=False),
    Column("threshold", Double),
    Column("method", Text, nullable=False),
    Column("codebook", Text, nullable=False),
    Column("at", String(27), nullable=False),
)

codes = Table(
    "codes",
    metadata,
    Column("encounter_id", ForeignKey("encounters.id", ondelete="CASCADE"), primary_key=True),
    Column("system", String(16), primary_key=True),
    Column("code", String(16), primary_key=True),
    Column("title", Text),
    # Null for a code that a coder added.
    Column("probability", Double),
    Column("decided", Boolean, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("reason", Text),
    Column("replaced_by", String(16)),
    Column("present_on_admission", String(1)),
    Column("comment", Text),
    Column("judged_by", Text),
    Column("judged_at", String(27)),
    # Counts the changes, so that of two open tabs the second one learns of the first.
    Column("version", Integer, nullable=False),
    _one_of("verdict", VERDICTS),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("encounter_id", String(36), nullable=False),
    Column("system", String(16), nullable=False),
    Column("code", String(16), nullable=False),
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("begin", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("weight", Double),
    # The coder who marked it; null for the model.
    Column("marked_by", Text),
    ForeignKeyConstraint(
        ["encounter_id", "system", "code"],
        ["codes.encounter_id", "codes.system", "codes.code"],
        ondelete="CASCADE",
    ),
    Index("ix_evidence_encounter_id_system_code", "encounter_id", "system", "code"),
)

events = Table(
    "events",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", String(27), nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(32), nullable=False),
    # Not a foreign key: the record outlives what it is about.
    Column("encounter_id", String(36), index=True),
    Column("code", String(32)),
    Column("before", Text),
    Column("after", Text),
    # Chosen by the client, so that a request that is sent twice acts once.
    Column("request_key", String(64), unique=True),
    Column("undoes", BigInteger().with_variant(Integer, "sqlite")),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

chain = Table(
    "chain",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # The number and the hash of the last event, and of the last one that was purged.
    Column("last", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("last_hash", String(64), nullable=False),
    Column("purged", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("purged_hash", String(64), nullable=False),
)
