"""What was learned of phone menus; a part of the one definition of the data in ``tables.py``."""

from sqlalchemy import UniqueConstraint

from opendeep.database.table_parts import instant, json_column, owned, owner, row_id, text_column

phone_menus = owned(
    "phone_menus",
    row_id(),
    owner(),
    text_column("phone_number"),
    # The keys that led through the menu to a person, and how the menu's first words sound.
    json_column("route", "{}"),
    instant("updated_at"),
    UniqueConstraint("user_id", "phone_number"),
)
