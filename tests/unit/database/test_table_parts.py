"""The parts that tables are made of."""

import inspect
import re

import pytest
from sqlalchemy import Column, Integer

from opendeep.common.data_models import CallStatus, CampaignStatus, FeedbackStatus, TaskStatus
from opendeep.database import tables
from opendeep.database.table_parts import METADATA, owned
from opendeep.database.tables import ALL_TABLES


def test_a_table_without_an_owner_is_not_owned():
    """Only a table with user_id may be given to a scope."""
    with pytest.raises(TypeError, match="user_id"):
        owned("nobodys", Column("id", Integer))
    METADATA.remove(METADATA.tables["nobodys"])


def test_every_table_that_is_not_the_installations_has_an_owner():
    """Each table that holds anything of a user has a user_id that refers to an account."""
    ownerless = {name for name, table in ALL_TABLES.tables.items() if "user_id" not in table.c}
    assert ownerless == {"users", "nodes", "dial_stops"}
    for name in ALL_TABLES.tables.keys() - ownerless:
        keys = ALL_TABLES.tables[name].c.user_id.foreign_keys
        assert any(key.column.table.name == "users" for key in keys), name


def test_every_foreign_key_to_owned_rows_carries_the_owner():
    """No child can hang under a parent of another user."""
    for table in ALL_TABLES.tables.values():
        for key in table.foreign_key_constraints:
            parent = key.referred_table.name
            columns = {column.name for column in key.columns}
            assert parent == "users" or "user_id" in columns, f"{table.name} -> {parent}"


def test_every_status_value_is_explained_beside_its_column():
    """The comment block of each status names each of its values."""
    source = inspect.getsource(tables)
    for values in (TaskStatus, CallStatus, CampaignStatus, FeedbackStatus):
        for value in values:
            assert re.search(rf"# {value} +\S", source), value
