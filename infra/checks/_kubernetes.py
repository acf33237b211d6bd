"""Validates Kubernetes' own resources: a JSON list of them on stdin, a JSON list of problems on stdout.

Run in the environment of the checks, which has kubernetes-validate and the schemas in it; the version is the argument.
"""

import json
import sys

import kubernetes_validate

if __name__ == "__main__":
    problems = []
    for resource in json.load(sys.stdin):
        name = f"{resource['kind']} {resource['metadata']['name']}"
        try:
            kubernetes_validate.validate(resource, sys.argv[1], strict=True)
        except kubernetes_validate.ValidationError as error:
            path = ".".join(map(str, error.path))
            problems.append(f"{name}: {path}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError as error:
            problems.append(f"{name}: {error.message}")
    json.dump(problems, sys.stdout)
