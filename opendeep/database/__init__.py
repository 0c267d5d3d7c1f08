"""The data: tables, rows, one unit of work, and repositories that are born for one user."""
