"""The processes that hold calls; a part of the one definition of the data in ``tables.py``."""

from sqlalchemy import Column, Table, Text

from opendeep.database.table_parts import METADATA, instant, int_column

nodes = Table(
    "nodes",
    METADATA,
    Column("name", Text, primary_key=True),
    # Rises at each start under this name, and when others take the node for dead: whoever holds
    # an older number holds nothing any more.
    int_column("incarnation", 1),
    # Rises about once a second while the process lives; nobody compares clocks.
    int_column("beat", 0),
    # Whether it can place calls now (1): it is connected to the exchange, and is not stopping.
    int_column("ready", 0),
    instant("seen_at"),
)
