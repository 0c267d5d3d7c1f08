"""Forgetting the tenant's filter is made hard by types; here is what types cannot say.

The scoped repositories get nothing but a scope, whose statements carry the filter. These rules
close the ways around it: a raw statement, a user id as an argument, a reader across users in the
wrong hands.
"""

import ast

import pytest

from tests.architecture.measures import FunctionNode, SourceFile, sources

REPOSITORIES = "opendeep/database/repositories/"
# What a scoped repository may take from SQLAlchemy: expressions, never statements.
EXPRESSIONS = {"func", "ColumnElement"}
# The rule is for methods; a repository's birth is where the user id belongs.
BIRTH = "__init__"
# The counts that the gatekeeper of slots needs, and the look-up of an account.
SYSTEM_METHODS_WITH_A_USER = {"live_count_of", "by_id"}
# Whoever works for one user gets no class that reads across users, but for accounts.
ONE_USER_ONLY = ("opendeep/web_interface/", "opendeep/tools/", "opendeep/llm_integrations/")


def is_system(file: SourceFile) -> bool:
    """Say whether a repository file is one of those that cross users."""
    return file.path.rpartition("/")[2].startswith("system_")


def repositories(*, system: bool) -> list[SourceFile]:
    """Return the repositories' files of one kind."""
    return [
        file
        for file in sources(REPOSITORIES)
        if is_system(file) is system and not file.path.endswith("__init__.py")
    ]


def user_arguments(file: SourceFile, allowed: set[str]) -> list[str]:
    """No method that others call takes a user's id, under whatever name."""
    return [
        file.at(function, f"{function.name} takes a user id")
        for function in file.functions()
        if function.name not in allowed
        and (function.name == BIRTH or not function.name.startswith("_"))
        and any(map(_is_user_id, _arguments(function)))
    ]


def raw_statements(file: SourceFile) -> list[str]:
    """No statement is built or run past the scope."""
    found = []
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            names = {alias.name for alias in node.names} - EXPRESSIONS
            found += [file.at(node, f"imports {name}") for name in sorted(names)]
        if isinstance(node, ast.Import) and any("sqlalchemy" in a.name for a in node.names):
            found.append(file.at(node, "imports sqlalchemy"))
        if isinstance(node, ast.Attribute) and node.attr in {"execute", "_tx", "_user_id", "_run"}:
            found.append(file.at(node, f"reaches for {node.attr}"))
    return found


def unscoped_classes(file: SourceFile) -> list[str]:
    """Every public class is born for one user."""
    return [
        file.at(node, f"{node.name} is not scoped")
        for node in file.tree.body
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and [ast.unparse(base) for base in node.bases] != ["ScopedRepository"]
    ]


def runs_statements(file: SourceFile) -> list[str]:
    """Nobody outside the database package runs a statement on a transaction."""
    return [
        file.at(node, "runs a statement")
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "execute"
        and ast.unparse(node.func.value).endswith(("tx", "transaction"))
    ]


def crosses_users(file: SourceFile) -> list[str]:
    """A surface that works for one user imports no class that reads across users."""
    return [
        file.at(node, f"imports {alias.name}")
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("opendeep.database")
        for alias in node.names
        if alias.name.startswith("System") and alias.name != "SystemUsers"
    ]


def _arguments(function: FunctionNode) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _is_user_id(argument: ast.arg) -> bool:
    annotation = "" if argument.annotation is None else ast.unparse(argument.annotation)
    return argument.arg in {"user_id", "user", "uid"} or "UserId" in annotation


def parsed(text: str) -> SourceFile:
    """Make a file of a snippet, to see that a rule finds what it is for."""
    return SourceFile(path="snippet.py", text=text, tree=ast.parse(text))


@pytest.mark.parametrize("file", repositories(system=False), ids=lambda file: file.path)
def test_a_scoped_repository_keeps_to_its_scope(file):
    """It takes no user id, builds no raw statement, and every class in it is scoped."""
    assert user_arguments(file, {BIRTH}) == []
    assert raw_statements(file) == []
    assert unscoped_classes(file) == []


@pytest.mark.parametrize("file", repositories(system=True), ids=lambda file: file.path)
def test_a_repository_across_users_is_named_so(file):
    """Its class begins with System, and only the known methods take a user id."""
    assert user_arguments(file, SYSTEM_METHODS_WITH_A_USER) == []
    classes = [node.name for node in file.tree.body if isinstance(node, ast.ClassDef)]
    assert classes
    assert all(name.startswith("System") for name in classes)


def test_statements_run_in_the_database_package_alone():
    """No service runs SQL of its own on a transaction."""
    found = [
        finding
        for file in sources("opendeep")
        if not file.path.startswith("opendeep/database/")
        for finding in runs_statements(file)
    ]
    assert found == []


def test_surfaces_for_one_user_read_across_no_users():
    """Web pages and tools import no System class but the one for accounts."""
    found = [
        finding
        for file in sources("opendeep")
        if file.path.startswith(ONE_USER_ONLY)
        for finding in crosses_users(file)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (lambda f: user_arguments(f, {BIRTH}), "async def get(self, user_id: int): pass"),
        (lambda f: user_arguments(f, {BIRTH}), "def get(self, *, owner: UserId | None): pass"),
        (raw_statements, "from sqlalchemy import func, select"),
        (raw_statements, "from sqlalchemy.sql import text"),
        (raw_statements, "import sqlalchemy as sa"),
        (raw_statements, "self._scope._tx.execute(statement)"),
        (unscoped_classes, "class Tasks: pass"),
        (runs_statements, "async def f(tx): await tx.execute('SELECT 1')"),
        (crosses_users, "from opendeep.database.repositories import SystemTasks"),
    ],
)
def test_the_rules_find_what_they_are_for(rule, text):
    """Each way around the scope is found by its rule."""
    assert rule(parsed(text)) != []
