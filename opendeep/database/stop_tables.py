"""What keeps all users' calls from being dialled: rows of nobody."""

from sqlalchemy import Column, Table, Text

from opendeep.database.table_parts import (
    METADATA,
    instant,
    int_column,
    maybe_instant,
    text_column,
)

dial_stops = Table(
    "dial_stops",
    METADATA,
    # switch        an operator stopped everything; until is NULL
    # trunk:<name>  its calls failed in a row; tried again after until
    Column("name", Text, primary_key=True),
    text_column("reason", ""),
    maybe_instant("until"),
    int_column("failures", 0),
    instant("created_at"),
)
