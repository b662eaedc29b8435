"""The lawyers' desk: offices and shifts, matters, notes, guests, corrections, receipts."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from alembic import op

import bot.store.tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offices",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offices")),
        sa.UniqueConstraint("name", name=op.f("uq_offices_name")),
    )
    op.create_table(
        "represented",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("name_index", sa.String(length=64), nullable=False),
        sa.Column("created_at", bot.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
            name=op.f("fk_represented_staff_id_staff"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("staff_id", "name_index", name=op.f("pk_represented")),
    )
    op.create_table(
        "shifts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", bot.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", bot.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_shifts_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
        sa.UniqueConstraint("staff_id", "starts_at", name=op.f("uq_shifts_staff_id")),
    )
    op.create_index("ix_shifts_ends_at", "shifts", ["ends_at"])

    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=True),
        sa.Column("question_enc", sa.LargeBinary(), nullable=False),
        sa.Column("offered", sa.Text(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", bot.store.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", bot.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_corrections_conversation_id_conversations"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["staff.id"], name=op.f("fk_corrections_decided_by_staff")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_corrections_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index("ix_corrections_state", "corrections", ["state"])

    op.create_table(
        "guests",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("invited_by", sa.Integer(), nullable=False),
        sa.Column("created_at", bot.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_guests_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["staff.id"], name=op.f("fk_guests_invited_by_staff")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_guests_staff_id_staff")),
        sa.PrimaryKeyConstraint("conversation_id", "staff_id", name=op.f("pk_guests")),
    )
    op.create_table(
        "matters",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("topic", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("about_enc", sa.LargeBinary(), nullable=True),
        sa.Column("contact_enc", sa.LargeBinary(), nullable=True),
        sa.Column("outcome", sa.String(length=24), nullable=True),
        sa.Column("advice_enc", sa.LargeBinary(), nullable=True),
        sa.Column("opened_at", bot.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", bot.store.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", bot.store.tables.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_matters_conversation_id_conversations"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["office_id"], ["offices.id"], name=op.f("fk_matters_office_id_offices")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_matters_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matters")),
        sa.UniqueConstraint("number", name=op.f("uq_matters_number")),
    )
    op.create_index("ix_matters_conversation_id", "matters", ["conversation_id"])
    op.create_index("ix_matters_state", "matters", ["state", "due_at"])

    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("text_enc", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", bot.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_notes_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_notes_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index("ix_notes_conversation_id", "notes", ["conversation_id"])

    op.create_table(
        "opponents",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("name_index", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_opponents_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "name_index", name=op.f("pk_opponents")),
    )
    op.create_index("ix_opponents_name_index", "opponents", ["name_index"])

    op.create_table(
        "matter_moves",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.Column("at", bot.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["matter_id"],
            ["matters.id"],
            name=op.f("fk_matter_moves_matter_id_matters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matter_moves")),
    )
    op.create_index("ix_matter_moves_matter_id", "matter_moves", ["matter_id"])
    # Not in batch mode: on SQLite that drops and fills the table anew, and the drop would delete
    # every message with its conversation.
    for column in ("office_id", "offered_to"):
        _add_reference("conversations", column, "staff" if column == "offered_to" else "offices")
    for column in ("offered_at", "replied_at"):
        op.add_column("conversations", _moment(column))
    for column in ("visitor_got", "visitor_seen", "lawyer_seen"):
        op.add_column("conversations", _number(column, 0))
    # Nothing refers to a rating, so that its table may be filled anew.
    with op.batch_alter_table("ratings") as batch:
        batch.add_column(sa.Column("matter_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_ratings_matter_id_matters"),
            "matters",
            ["matter_id"],
            ["id"],
            ondelete="SET NULL",
        )
    _add_reference("staff", "office_id", "offices")
    op.add_column("staff", _number("capacity", 6))
    op.add_column(
        "staff", sa.Column("topics", sa.String(length=200), server_default="", nullable=False)
    )
    op.add_column("staff", _moment("seen_at"))
    op.add_column(
        "staff", sa.Column("away", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("staff", sa.Column("totp_enc", sa.LargeBinary(), nullable=True))
    op.add_column("staff", _number("totp_step", 0))
    op.add_column(
        "staff_sessions",
        sa.Column("device", sa.String(length=60), server_default="", nullable=False),
    )


def _moment(name: str) -> sa.Column[dt.datetime]:
    return sa.Column(name, bot.store.tables.UtcDateTime(timezone=True), nullable=True)


def _number(name: str, default: int) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default=str(default), nullable=False)


def _add_reference(table: str, column: str, to: str) -> None:
    name = f"fk_{table}_{column}_{to}"
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} INTEGER CONSTRAINT {name} REFERENCES {to} (id)"
    )


def downgrade() -> None:
    # SQLite cannot drop a column that refers to another table.
    raise NotImplementedError("restore a backup made before the upgrade")
