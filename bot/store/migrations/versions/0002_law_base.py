"""Statute texts by version, and the ledger of their freshness."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.store.tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "law_versions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("law", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=220), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("passed", sa.Date(), nullable=True),
        sa.Column("in_force_from", sa.Date(), nullable=True),
        sa.Column("in_force_until", sa.Date(), nullable=True),
        sa.Column("superseded_by", sa.String(length=200), nullable=False),
        sa.Column("retrieved_on", sa.Date(), nullable=False),
        sa.Column("file", sa.String(length=300), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.Column("preamble", sa.Text(), nullable=False),
        sa.Column("annex", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_law_versions")),
        sa.UniqueConstraint("source", "digest", name=op.f("uq_law_versions_source")),
    )
    with op.batch_alter_table("law_versions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_law_versions_law"), ["law"], unique=False)
    op.create_table(
        "law_articles",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["law_versions.id"],
            name=op.f("fk_law_articles_version_id_law_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "number", name=op.f("pk_law_articles")),
    )
    op.create_table(
        "law_ledger",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("drawn_at", bot.store.tables.UtcDateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_law_ledger")),
    )


def downgrade() -> None:
    op.drop_table("law_ledger")
    op.drop_table("law_articles")
    op.drop_table("law_versions")
