"""Answers under a JSON schema: cut a value to its schema, or make the smallest valid one."""

from collections.abc import Sequence
from typing import Any, Final

Json = dict[str, Any]
_MISSING: Final = object()
_DEEPEST: Final = 30


def conformed(schema: Json, value: object) -> Any:
    """Return ``value`` cut and filled so that it is valid under ``schema``."""
    return _fit(schema, schema, value, 0)


def smallest(schema: Json) -> Any:
    """Return the smallest instance that is valid under ``schema``."""
    return _fit(schema, schema, _MISSING, 0)


def _resolved(root: Json, schema: Json) -> Json:
    """Follow ``$ref`` and choose a branch of ``anyOf``; null comes first among branches."""
    for _ in range(_DEEPEST):
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        target: Any = root
        for part in filter(None, reference.removeprefix("#").split("/")):
            target = target.get(part, {}) if isinstance(target, dict) else {}
        schema = target if isinstance(target, dict) else {}
    return {}


def _fit(root: Json, schema: Json, value: object, depth: int) -> Any:
    schema = _resolved(root, schema)
    if depth > _DEEPEST:
        return None
    branches = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(branches, list):
        return _fit_branch(root, branches, value, depth)
    if "const" in schema:
        return schema["const"]
    options = schema.get("enum")
    if isinstance(options, list) and options:
        return value if value in options else options[0]
    return _fit_type(root, schema, value, depth)


def _fit_branch(root: Json, branches: Sequence[Json], value: object, depth: int) -> Any:
    resolved = [_resolved(root, branch) for branch in branches]
    for branch in resolved:
        if value is not _MISSING and _is_of(_type(branch), value):
            return _fit(root, branch, value, depth + 1)
    if any(_type(branch) == "null" for branch in resolved):
        return None
    return _fit(root, resolved[0], _MISSING, depth + 1)


def _type(schema: Json) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return "null" if "null" in kind else str(kind[0])
    if kind is None:
        return "object" if "properties" in schema else "string"
    return str(kind)


def _is_of(kind: str, value: object) -> bool:
    match kind:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer" | "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return value is None


def _fit_type(root: Json, schema: Json, value: object, depth: int) -> Any:
    kinds = schema.get("type")
    listed = [str(kind) for kind in kinds] if isinstance(kinds, list) else [_type(schema)]
    kind = next((kind for kind in listed if _is_of(kind, value)), None)
    if kind is None:
        return _empty(root, schema, "null" if "null" in listed else listed[0], depth)
    match kind:
        case "object":
            return _fit_object(root, schema, value, depth)
        case "array":
            items = schema.get("items") or {}
            entries = value if isinstance(value, list) else []
            return [_fit(root, items, entry, depth + 1) for entry in entries]
        case "string" if isinstance(value, str) and isinstance(schema.get("maxLength"), int):
            return value[: schema["maxLength"]]
        case _:
            return value


def _fit_object(root: Json, schema: Json, value: object, depth: int) -> Json:
    given = value if isinstance(value, dict) else {}
    properties: dict[str, Json] = schema.get("properties") or {}
    if not properties:
        return dict(given)
    required = schema.get("required") or []
    return {
        name: _fit(root, inner, given.get(name, _MISSING), depth + 1)
        for name, inner in properties.items()
        if name in given or name in required
    }


def _empty(root: Json, schema: Json, kind: str, depth: int) -> Any:
    match kind:
        case "object":
            return _fit_object(root, schema, {}, depth)
        case "array":
            count = int(schema.get("minItems") or 0)
            items = schema.get("items") or {}
            return [_fit(root, items, _MISSING, depth + 1) for _ in range(count)]
        case "string":
            return "-" * int(schema.get("minLength") or 0)
        case "boolean":
            return False
        case "integer" | "number":
            return schema.get("minimum", 0)
        case _:
            return None
