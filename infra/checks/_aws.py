"""The argument schema of Terraform's AWS provider, read out of the wheel `cdktn-provider-aws`.

The wheel holds code for the CDK that was generated from the provider's own schema: of each resource the names and
types of its arguments, and a comment for each that says whether it is required, optional or computed. What is
returned has the shape of `terraform providers schema -json`, for the types that are asked for.
"""

import io
import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

_LIST_TYPES = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
_ENTRY = re.compile(
    r"^ {8,12}(\w+): \{\n +value: (.*),\n +isBlock: (true|false),\n +type: \"(\w+)\",\n"
    r" +storageClassType: \"(\w+)\",",
    re.M,
)
_FUNCTION = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{", re.M)
_CLASS = re.compile(r"^class (\w+) extends cdktn\.(\w+) \{", re.M)
_MODE = re.compile(
    r"// (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n"
    r"(?: +_[^\n]*\n)?"
    r" +get \w+\(\) \{\n +return (.*);"
)
_FIELD = re.compile(r"^ {4}_\w+ = new (\w+)\(this, \"(\w+)\"(?:, (true|false))?\);", re.M)
_GETTER = re.compile(r"this\.get(\w+?)Attribute\('")

Block = dict[str, Any]


class _Mode(NamedTuple):
    computed: bool
    optional: bool
    required: bool
    getter: str


class UnknownType(Exception):
    """The provider has no such resource or data source."""


def schema(wheel: Path, resources: Iterable[str], data_sources: Iterable[str]) -> dict[str, Any]:
    """Return the schemas of the provider, of `resources` and of `data_sources`; raises UnknownType."""
    wanted = {"provider": ("provider", "")}
    wanted |= {_folder(r): ("resource", r) for r in resources}
    wanted |= {f"data-aws-{_folder(d)}": ("data", d) for d in data_sources}
    found: dict[str, Any] = {"provider": {}, "resource": {}, "data": {}}
    left = set(wanted)
    for folder, code in _sources(wheel, left):
        kind, name = wanted[folder]
        block = {"block": _Module(code).root()}
        if kind == "provider":
            found["provider"] = block
        else:
            found[kind][name] = block
        left.discard(folder)
        if not left:
            break
    if left:
        strangers = ", ".join(sorted(wanted[f][1] for f in left))
        raise UnknownType(f"the AWS provider in {wheel.name} has no {strangers}")
    return found


def _folder(type_name: str) -> str:
    return type_name.removeprefix("aws_").replace("_", "-")


def _sources(wheel: Path, folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield folder and code; the archive in the wheel is read once, from its beginning."""
    names = {f"package/lib/{folder}/index.js": folder for folder in folders}
    with zipfile.ZipFile(wheel) as outer:
        inner = next(n for n in outer.namelist() if n.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(inner)), mode="r:gz") as archive:
            for member in archive:
                folder = names.get(member.name)
                if folder and (file := archive.extractfile(member)):
                    yield folder, file.read().decode()


class _Module:
    """One `index.js`: the classes and functions that a resource was generated into."""

    def __init__(self, code: str) -> None:
        self._functions = dict(_segments(code, _FUNCTION))
        self._classes = dict(_segments(code, _CLASS))
        kinds = {m[1]: m[2] for m in _CLASS.finditer(code)}
        roots = ("TerraformResource", "TerraformDataSource", "TerraformProvider")
        self._root = next(name for name, kind in kinds.items() if kind in roots)

    def root(self) -> Block:
        code = self._classes[self._root]
        return self._block(code, code[code.index("synthesizeHclAttributes()") :])

    def _block(self, class_code: str, entries: str) -> Block:
        modes = {
            m[1]: _Mode(m[2] == "true", m[3] == "true", m[4] == "true", m[5])
            for m in _MODE.finditer(class_code)
        }
        block: Block = {"attributes": {}, "block_types": {}}
        for name, value, is_block, kind, storage in _ENTRY.findall(entries):
            mode = modes.get(name) or _Mode(False, True, False, "")
            if is_block == "true":
                self._nested(block, name, value, kind, mode)
            else:
                block["attributes"][name] = _attribute(_type(kind, storage), mode)
        fields = {m[2]: (m[1], m[3] == "true") for m in _FIELD.finditer(class_code)}
        for name, mode in modes.items():
            if name not in block["attributes"] and name not in block["block_types"]:
                block["attributes"][name] = _attribute(self._computed(name, mode, fields), mode)
        return block

    def _nested(self, block: Block, name: str, value: str, kind: str, mode: _Mode) -> None:
        """Add a block, or what is written as one but is an attribute with objects in it."""
        match = re.search(r"(\w+)ToHclTerraform\b", value.replace("listMapperHcl", ""))
        if match is None:
            raise ValueError(f"{name}: {value} is not understood")
        function = match[1]
        reference = function[0].upper() + function[1:] + "OutputReference"
        inner = self._block(self._classes.get(reference, ""), self._functions[function])
        many = "listMapperHcl" in value
        if many and re.search(r"ToHclTerraform, false\)", value):
            block["attributes"][name] = _attribute([kind, _object(inner)], mode)
            return
        nested: Block = {"nesting_mode": "single" if kind == "struct" else kind, "block": inner}
        if not many and kind != "struct":
            nested["max_items"] = 1
        if mode.required:
            nested["min_items"] = 1
        block["block_types"][name] = nested

    def _computed(self, name: str, mode: _Mode, fields: dict[str, tuple[str, bool]]) -> Any:
        """Return the type of what only the provider sets."""
        if getter := _GETTER.search(mode.getter):
            kind = re.match(r"(String|Number|Boolean|Any)?(List|Map)?", getter[1])
            of, many = (kind[1], kind[2]) if kind else (None, None)
            element = _LIST_TYPES[(of or "String").lower()]
            if not many:
                return element
            is_set = many == "List" and "Fn.tolist" in mode.getter
            return ["set" if is_set else many.lower(), element]
        class_name, is_set = fields.get(name, ("", False))
        reference = class_name.removesuffix("List") + "OutputReference"
        if class_name.endswith("List") and reference in self._classes:
            inner = self._block(self._classes[reference], "")
            return ["set" if is_set else "list", _object(inner)]
        if class_name.endswith("Map"):
            return ["map", "string"]
        return "dynamic"


def _segments(code: str, header: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    found = list(header.finditer(code))
    for match in found:
        end = code.find("\n}\n", match.end())
        yield match[1], code[match.start() : end if end >= 0 else len(code)]


def _attribute(kind: Any, mode: _Mode) -> Block:
    shown = {"type": kind, "required": mode.required, "optional": mode.optional}
    return shown | {"computed": mode.computed}


def _type(kind: str, storage: str) -> Any:
    if kind == "simple":
        return _LIST_TYPES[storage]
    element = re.sub(r"(List|Map|ListList)$", "", storage)
    return [kind, _LIST_TYPES.get(element, "string")]


def _object(block: Block) -> Any:
    """Return the type of an object with the attributes and blocks of a block, all of them in it."""
    parts = {name: a["type"] for name, a in block["attributes"].items()}
    for name, nested in block["block_types"].items():
        inner = _object(nested["block"])
        mode = nested["nesting_mode"]
        parts[name] = inner if mode == "single" else [mode, inner]
    return ["object", parts]
