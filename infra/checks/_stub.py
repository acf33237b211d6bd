"""A Terraform provider that has only a schema: enough for `terraform validate` and `terraform test` with mocks.

Run by Terraform as `_stub.py SCHEMA.json`; the schema has the shape of `terraform providers schema -json`. It makes
nothing: a plan or an apply without mocks fails.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tf.gen import tfplugin_pb2 as pb
from tf.runner import run_provider

_NESTING = pb.Schema.NestedBlock.NestingMode


class _Schema:
    """What the library asks a schema for."""

    version = 0
    attributes: tuple[()] = ()
    block_types: tuple[()] = ()

    def __init__(self, described: dict[str, Any]) -> None:
        self._described = described

    def to_pb(self) -> pb.Schema:
        return pb.Schema(version=0, block=_block(self._described["block"]))


class _Kind:
    """A resource or a data source; Terraform itself has checked the arguments by then."""

    def __init__(self, name: str, schema: _Schema) -> None:
        self._name, self._schema = name, schema

    def get_name(self) -> str:
        return self._name

    def get_schema(self) -> _Schema:
        return self._schema

    def validate(self, diags: Any, type_name: str, config: Any) -> None:
        pass


class _Provider:
    def __init__(self, described: dict[str, Any]) -> None:
        self._described = described

    def get_model_prefix(self) -> str:
        return ""

    def full_name(self) -> str:
        return "registry.terraform.io/roomlog/stub"

    def get_provider_schema(self, diags: Any) -> _Schema:
        return _Schema(self._described["provider"])

    def validate_config(self, diags: Any, config: Any) -> None:
        pass

    def configure_provider(self, diags: Any, config: Any) -> None:
        diags.add_error("This provider has only a schema", "Use mock_provider.")

    def get_resources(self) -> list[_Kind]:
        return [_Kind(n, _Schema(s)) for n, s in self._described["resource"].items()]

    def get_data_sources(self) -> list[_Kind]:
        return [_Kind(n, _Schema(s)) for n, s in self._described["data"].items()]

    def get_functions(self) -> list[Any]:
        return []

    def new_resource(self, kind: _Kind) -> _Kind:
        return kind

    new_data_source = new_resource


def _block(described: dict[str, Any]) -> pb.Schema.Block:
    return pb.Schema.Block(
        attributes=[_attribute(n, a) for n, a in sorted(described["attributes"].items())],
        block_types=[_nested(n, b) for n, b in sorted(described["block_types"].items())],
    )


def _attribute(name: str, described: dict[str, Any]) -> pb.Schema.Attribute:
    flags = {
        f: described[f]
        for f in ("required", "optional", "computed", "sensitive")
        if described.get(f)
    }
    return pb.Schema.Attribute(name=name, type=json.dumps(described["type"]).encode(), **flags)


def _nested(name: str, described: dict[str, Any]) -> pb.Schema.NestedBlock:
    return pb.Schema.NestedBlock(
        type_name=name,
        nesting=_NESTING.Value(described["nesting_mode"].upper()),
        block=_block(described["block"]),
        min_items=described.get("min_items", 0),
        max_items=described.get("max_items", 0),
    )


if __name__ == "__main__":
    run_provider(_Provider(json.loads(Path(sys.argv[1]).read_text())), sys.argv[:1])
