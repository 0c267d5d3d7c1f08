"""The budgets of the code's shape hold, and each exception to them is needed."""

import ast
import statistics

import pytest

from tests.architecture.measures import (
    PRODUCT_RULES,
    TEST_RULES,
    Rule,
    SourceFile,
    code_lines,
    excused,
    sources,
)

_JUDGED = [("opendeep", name, rule) for name, rule in PRODUCT_RULES.items()]
_JUDGED += [("tests", name, rule) for name, rule in TEST_RULES.items()]


@pytest.mark.parametrize(("folder", "name", "rule"), _JUDGED, ids=lambda part: str(part)[:20])
def test_rule_holds(folder: str, name: str, rule: Rule) -> None:
    """No file breaks the rule unless ``exceptions.toml`` gives a reason."""
    found = [
        finding
        for file in sources(folder)
        if (name, file.path) not in excused()
        for finding in rule(file)
    ]
    assert not found, f"{rule.__doc__}\n" + "\n".join(found)


def test_every_exception_is_needed() -> None:
    """A file that keeps a rule has no entry in ``exceptions.toml``."""
    files = {file.path: file for folder in ("opendeep", "tests") for file in sources(folder)}
    needless = [
        f"{name}: {path}"
        for name, path in excused()
        if path not in files or not (PRODUCT_RULES | TEST_RULES)[name](files[path])
    ]
    assert not needless


def test_typical_sizes() -> None:
    """Half of the files have at most 200 lines, and nine functions of ten at most 25."""
    files = [file for file in sources("opendeep") if file.tree.body]
    assert statistics.median(file.text.count("\n") for file in files) <= 200
    sizes = [code_lines(function) for file in files for function in file.functions()]
    assert statistics.median(sizes) <= 8
    assert statistics.quantiles(sizes, n=10)[-1] <= 25


_BROKEN = {
    "lines": "x = 1\n" * 401,
    "test_lines": "x = 1\n" * 601,
    "function_size": "def f() -> None:\n" + "    x = 1\n" * 41,
    "broad_except": "try:\n    x = 1\nexcept (ValueError, Exception):\n    pass\n",
    "bare_task": "asyncio.get_running_loop().create_task(work())\n",
    "attributes": "class C:\n    def __init__(self) -> None:\n"
    + "".join(f"        self.a{n}: int = {n}\n" for n in range(16)),
    "annotations": "def f(x, *, y: int) -> None:\n    pass\n",
    "function_import": "def f() -> None:\n    import os\n",
    "unfinished": "x = 1  # TO" + "DO later\n",
    "test_docstring": "def test_x() -> None:\n    assert True\n",
    "mocks": "from unittest import mock\nfrom unittest.mock import patch\n",
}


@pytest.mark.parametrize("name", PRODUCT_RULES | TEST_RULES)
def test_rule_finds_its_fault(name: str) -> None:
    """Each rule finds a file made to break it, and lets an empty file pass."""
    rule = (PRODUCT_RULES | TEST_RULES)[name]
    text = _BROKEN[name]
    assert rule(SourceFile(path="x.py", text=text, tree=ast.parse(text)))
    assert not rule(SourceFile(path="x.py", text="", tree=ast.parse("")))


def test_task_groups_are_owners() -> None:
    """A task started in a task group is not a bare one."""
    text = "async def f() -> None:\n    group.create_task(work())\n"
    file = SourceFile(path="x.py", text=text, tree=ast.parse(text))
    assert PRODUCT_RULES["bare_task"](file) == []
