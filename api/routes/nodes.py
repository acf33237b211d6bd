"""Where the WebSockets are."""

from fastapi import APIRouter, Response

from api.answers import answer
from api.guards import Who
from api.models.accounts import IngestNodeList
from api.openapi import errors
from api.problems import unavailable
from api.services import Use
from api.strict import StrictRoute

router = APIRouter(tags=["nodes"], route_class=StrictRoute)


@router.get("/ingest-nodes", response_model=IngestNodeList, responses=errors(401, 503))
async def list_ingest_nodes(who: Who, use: Use) -> Response:
    """Return the WebSocket addresses to try; nodes that are draining are not among them."""
    nodes = await use.nodes.addresses()
    if not nodes:
        raise unavailable("the ingest nodes")
    return answer({"nodes": nodes})
