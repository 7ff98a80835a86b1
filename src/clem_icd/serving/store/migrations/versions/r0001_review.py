"""The tables of the review. A later change is a migration of its own: existing databases have this one."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ONE_CODE = ["encounter_id", "system", "code"]


def upgrade() -> None:
    """Create every table, and the empty chain of events."""
    op.create_table(
        "encounters",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("assigned_to", sa.Text),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("changed_at", sa.String(27), nullable=False),
        sa.Column("sequence", sa.Text, nullable=False),
        sa.Column("sequence_version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_encounters"),
        sa.UniqueConstraint("name", name="uq_encounters_name"),
        sa.CheckConstraint("status in ('open', 'submitted')", name="ck_encounters_status"),
    )
    op.create_index("ix_encounters_status_created_at", "encounters", ["status", "created_at"])
    op.create_table(
        "documents",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("encounter_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        _of_encounter("documents"),
    )
    op.create_index("ix_documents_encounter_id", "documents", ["encounter_id"])
    op.create_table(
        "origins",
        sa.Column("encounter_id", sa.String(36), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("model_sha256", sa.String(64), nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("threshold", sa.Double),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("codebook", sa.Text, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("encounter_id", name="pk_origins"),
        _of_encounter("origins"),
    )
    op.create_table(
        "codes",
        sa.Column("encounter_id", sa.String(36), nullable=False),
        sa.Column("system", sa.String(16), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("title", sa.Text),
        sa.Column("probability", sa.Double),
        sa.Column("decided", sa.Boolean, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("replaced_by", sa.String(16)),
        sa.Column("present_on_admission", sa.String(1)),
        sa.Column("comment", sa.Text),
        sa.Column("judged_by", sa.Text),
        sa.Column("judged_at", sa.String(27)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(*_ONE_CODE, name="pk_codes"),
        sa.CheckConstraint(
            "verdict in ('open', 'accepted', 'rejected', 'replaced')", name="ck_codes_verdict"
        ),
        _of_encounter("codes"),
    )
    op.create_table(
        "evidence",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        *(
            sa.Column(name, sa.String(size), nullable=False)
            for name, size in zip(_ONE_CODE, (36, 16, 16), strict=True)
        ),
        sa.Column("document_id", sa.String(36), nullable=False),
        sa.Column("begin", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("weight", sa.Double),
        sa.Column("marked_by", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_evidence"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_evidence_document_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            _ONE_CODE,
            [f"codes.{name}" for name in _ONE_CODE],
            name="fk_evidence_encounter_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_evidence_encounter_id_system_code", "evidence", _ONE_CODE)
    op.create_table(
        "events",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("encounter_id", sa.String(36)),
        sa.Column("code", sa.String(32)),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("request_key", sa.String(64)),
        sa.Column("undoes", _NUMBER),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
        sa.UniqueConstraint("request_key", name="uq_events_request_key"),
    )
    op.create_index("ix_events_encounter_id", "events", ["encounter_id"])
    chain = op.create_table(
        "chain",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("last", _NUMBER, nullable=False),
        sa.Column("last_hash", sa.String(64), nullable=False),
        sa.Column("purged", _NUMBER, nullable=False),
        sa.Column("purged_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chain"),
    )
    start = {"last": 0, "last_hash": "0" * 64, "purged": 0, "purged_hash": "0" * 64}
    op.bulk_insert(chain, [{"id": 1, **start}])


def _of_encounter(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["encounter_id"], ["encounters.id"], name=f"fk_{table}_encounter_id", ondelete="CASCADE"
    )
