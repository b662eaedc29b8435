"""A conversation goes on on another device: its code, and the tokens of the devices it left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.store.tables

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "continuations",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("code_index", sa.String(length=64), nullable=False),
        sa.Column("expires_at", bot.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_continuations_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_continuations")),
        sa.UniqueConstraint("code_index", name=op.f("uq_continuations_code_index")),
    )
    op.create_table(
        "left_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_left_tokens_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_left_tokens")),
    )
    op.create_index("ix_left_tokens_conversation_id", "left_tokens", ["conversation_id"])


def downgrade() -> None:
    op.drop_table("left_tokens")
    op.drop_table("continuations")
