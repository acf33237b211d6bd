"""The Avro schemas, at the paths that Kafka tools ask a registry for."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from api.answers import answer
from api.openapi import errors
from api.services import Use
from api.strict import StrictRoute

router = APIRouter(prefix="/schemas", tags=["schemas"], route_class=StrictRoute)
Subject = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,200}$", examples=["chat.events-value"])]
SchemaId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get(
    "/subjects/{subject}/versions/latest",
    response_model=dict[str, Any],
    responses=errors(404, 422, 503),
)
async def get_latest_schema(subject: Subject, use: Use) -> Response:
    """Return the newest schema of a subject."""
    return answer(await use.schemas.latest(subject))


# Below the same base address a registry's clients ask for `schemas/ids`; both spellings are served.
@router.get("/schemas/ids/{schema_id}", include_in_schema=False)
@router.get("/ids/{schema_id}", response_model=dict[str, Any], responses=errors(404, 422, 503))
async def get_schema(schema_id: SchemaId, use: Use) -> Response:
    """Return the schema that records with this id were written with."""
    return answer(await use.schemas.by_id(schema_id))
