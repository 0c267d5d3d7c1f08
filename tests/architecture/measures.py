"""How the budgets are measured: the syntax tree of each file, nothing is imported.

Each rule is a function from a parsed file to findings; ``exceptions.toml`` beside this file names
the files that may break a rule, each with its reason.
"""

import ast
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES_MOST = 400
TEST_LINES_MOST = 600
STATEMENTS_MOST = 40
ATTRIBUTES_MOST = 15

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A Python file of the repository; ``path`` is relative to its root, with slashes."""

    path: str
    text: str
    tree: ast.Module

    def functions(self) -> Iterator[FunctionNode]:
        """Yield all functions and methods, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, FunctionNode):
                yield node

    def at(self, node: ast.AST, words: str) -> str:
        """Word a finding."""
        return f"{self.path}:{getattr(node, 'lineno', 1)} {words}"


Rule = Callable[[SourceFile], list[str]]


@cache
def sources(folder: str) -> tuple[SourceFile, ...]:
    """Parse all Python files under ``folder`` of the repository."""
    return tuple(
        SourceFile(
            path=path.relative_to(ROOT).as_posix(),
            text=(text := path.read_text(encoding="utf-8")),
            tree=ast.parse(text),
        )
        for path in sorted((ROOT / folder).rglob("*.py"))
    )


@cache
def excused() -> dict[tuple[str, str], str]:
    """Return the written reasons by (rule, path)."""
    path = Path(__file__).with_name("exceptions.toml")
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("exception", [])
    return {(entry["rule"], entry["path"]): entry["reason"] for entry in entries}


def statements(function: FunctionNode) -> int:
    """Count the statements of a function, nested ones included, without its docstring."""
    inner = (node for node in ast.walk(function) if isinstance(node, ast.stmt))
    return sum(1 for _ in inner) - 1 - (ast.get_docstring(function) is not None)


def code_lines(function: FunctionNode) -> int:
    """Count a function's lines without signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1


def lines(file: SourceFile) -> list[str]:
    """A file has at most 400 lines."""
    count = file.text.count("\n")
    return [f"{file.path}: {count} lines"] if count > LINES_MOST else []


def test_lines(file: SourceFile) -> list[str]:
    """A test file, which only lists cases, has at most 600 lines."""
    count = file.text.count("\n")
    return [f"{file.path}: {count} lines"] if count > TEST_LINES_MOST else []


def function_size(file: SourceFile) -> list[str]:
    """A function has at most 40 statements."""
    return [
        file.at(function, f"{function.name}: {count} statements")
        for function in file.functions()
        if (count := statements(function)) > STATEMENTS_MOST
    ]


def broad_except(file: SourceFile) -> list[str]:
    """No handler for everything, nor ``suppress`` of it."""
    return [
        file.at(node, "catches everything") for node in ast.walk(file.tree) if _catches_all(node)
    ]


def bare_task(file: SourceFile) -> list[str]:
    """No task without an owner: ``create_task`` and ``ensure_future`` of asyncio or of a loop."""
    return [
        file.at(node, "starts a task that nobody owns")
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call) and _starts_a_task(node.func)
    ]


def attributes(file: SourceFile) -> list[str]:
    """One ``__init__`` sets at most 15 attributes."""
    return [
        file.at(function, f"sets {len(names)} attributes")
        for function in file.functions()
        if function.name == "__init__" and len(names := _set_on_self(function)) > ATTRIBUTES_MOST
    ]


def annotations(file: SourceFile) -> list[str]:
    """Every parameter and every return value is annotated."""
    return [
        file.at(function, f"{function.name}: not annotated: {', '.join(missing)}")
        for function in file.functions()
        if (missing := _not_annotated(function))
    ]


def function_import(file: SourceFile) -> list[str]:
    """Imports stand at the top, where import-linter and readers see them."""
    return [
        file.at(node, "imports inside a function")
        for function in file.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def unfinished(file: SourceFile) -> list[str]:
    """Nothing is left for later: no such marks, and no method that only says so."""
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")
    return [f"{file.path}: {mark}" for mark in marks if mark in file.text]


def test_docstring(file: SourceFile) -> list[str]:
    """Every test says in one sentence what is true when it passes."""
    return [
        file.at(function, f"{function.name}: docstring is no sentence")
        for function in file.functions()
        if function.name.startswith("test_")
        and not (ast.get_docstring(function) or "").strip().endswith(".")
    ]


def mocks(file: SourceFile) -> list[str]:
    """Fakes implement the port; nothing is patched together from mocks."""
    return [
        file.at(node, "uses mocks")
        for node in ast.walk(file.tree)
        if (isinstance(node, ast.ImportFrom) and "mock" in (node.module or ""))
        or (isinstance(node, ast.Import) and any("mock" in name.name for name in node.names))
    ]


PRODUCT_RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        lines,
        function_size,
        broad_except,
        bare_task,
        attributes,
        annotations,
        function_import,
        unfinished,
    )
}
TEST_RULES: dict[str, Rule] = {
    rule.__name__: rule for rule in (test_lines, test_docstring, mocks, unfinished)
}


def _catches_all(node: ast.AST) -> bool:
    if isinstance(node, ast.ExceptHandler):
        return node.type is None or _names_everything(node.type)
    if isinstance(node, ast.Call) and _name(node.func) == "suppress":
        return any(_names_everything(argument) for argument in node.args)
    return False


def _names_everything(node: ast.expr) -> bool:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return any(_name(part) in {"Exception", "BaseException"} for part in parts)


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _starts_a_task(called: ast.expr) -> bool:
    if _name(called) == "ensure_future":
        return True
    if _name(called) != "create_task":
        return False
    if isinstance(called, ast.Name):
        return True
    return isinstance(called, ast.Attribute) and (
        _name(called.value) == "asyncio" or "loop" in ast.unparse(called.value)
    )


def _set_on_self(function: FunctionNode) -> set[str]:
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and _name(node.value) == "self"
    }


def _not_annotated(function: FunctionNode) -> list[str]:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    missing = [
        argument.arg
        for argument in every
        if argument and argument.annotation is None and argument.arg not in {"self", "cls"}
    ]
    return missing if function.returns is not None else [*missing, "return"]
