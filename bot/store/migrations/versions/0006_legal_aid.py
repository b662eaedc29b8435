"""Legal aid to its end: the clock, the office, the papers, the lawyer, the closing."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from alembic import op

import bot.store.tables
from bot.domain.clock import china_date
from knowledge_base.rules.calendar import rolled

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = bot.store.tables.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "offices", sa.Column("areas", sa.String(length=200), server_default="", nullable=False)
    )
    with op.batch_alter_table("aid_applications") as table:
        for name, length in (
            ("name_index", 64), ("opponent_index", 64), ("place", 6), ("urgent", 8), ("ground", 8)
        ):  # fmt: skip
            table.add_column(
                sa.Column(name, sa.String(length=length), server_default="", nullable=False)
            )
        for name in (
            "waiting_since", "decided_at", "assigned_at", "taken_at", "closed_at"
        ):  # fmt: skip
            table.add_column(sa.Column(name, MOMENT))
        table.add_column(sa.Column("waited_days", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("decide_by", sa.Date()))
        table.add_column(sa.Column("supplement_by", sa.Date()))
        table.add_column(sa.Column("closing_enc", sa.LargeBinary()))
        for name, target in (("lodged_at", "offices"), ("office_id", "offices"),
                             ("staff_id", "staff")):  # fmt: skip
            table.add_column(sa.Column(name, sa.Integer()))
            table.create_foreign_key(
                op.f(f"fk_aid_applications_{name}_{target}"), target, [name], ["id"]
            )
    _set_the_clock()
    with op.batch_alter_table("aid_applications") as table:
        table.alter_column("decide_by", existing_type=sa.Date(), nullable=False)
    for name, columns in (
        ("ix_aid_applications_name_index", ["name_index"]),
        ("ix_aid_applications_opponent_index", ["opponent_index"]),
        ("ix_aid_applications_clock", ["state", "decide_by"]),
        ("ix_aid_applications_office", ["office_id", "state"]),
        ("ix_aid_applications_staff", ["staff_id", "state"]),
    ):
        op.create_index(name, "aid_applications", columns)
    op.create_table(
        "aid_papers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("asked_enc", sa.LargeBinary(), nullable=True),
        sa.Column("deferrable", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("file_id", sa.String(length=32), nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["aid_applications.id"],
            name=op.f("fk_aid_papers_application_id_aid_applications"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["files.id"],
            name=op.f("fk_aid_papers_file_id_files"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aid_papers")),
        sa.UniqueConstraint("application_id", "key", name=op.f("uq_aid_papers_application_id")),
    )
    op.create_index("ix_aid_papers_due", "aid_papers", ["state", "due_on"])


def _set_the_clock() -> None:
    """Give what was handed in before its seven days (法律援助法 43), and its ends their state."""
    kept = sa.table(
        "aid_applications",
        sa.column("id", sa.Integer()),
        sa.column("created_at", MOMENT),
        sa.column("decide_by", sa.Date()),
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(kept.c.id, kept.c.created_at)).all():
        by = rolled(china_date(row.created_at) + dt.timedelta(days=7))
        connection.execute(kept.update().where(kept.c.id == row.id).values(decide_by=by))


def downgrade() -> None:
    op.drop_table("aid_papers")
    for name in ("clock", "office", "staff", "name_index", "opponent_index"):
        op.drop_index(f"ix_aid_applications_{name}", "aid_applications")
    with op.batch_alter_table("aid_applications") as table:
        for name, target in (("lodged_at", "offices"), ("office_id", "offices"),
                             ("staff_id", "staff")):  # fmt: skip
            table.drop_constraint(op.f(f"fk_aid_applications_{name}_{target}"), type_="foreignkey")
            table.drop_column(name)
        for name in (
            "name_index", "opponent_index", "place", "urgent", "ground", "waiting_since",
            "decided_at", "assigned_at", "taken_at", "closed_at", "waited_days", "decide_by",
            "supplement_by", "closing_enc",
        ):  # fmt: skip
            table.drop_column(name)
    op.drop_column("offices", "areas")
