"""/api/admin: who is connected, and the end of connections. Without ADMIN_TOKEN as Bearer it is as if it was not."""

from dataclasses import dataclass

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.chat.cluster import Cluster, Elsewhere, LocalClients
from service.chat.connected import Connected
from service.web.operator_tokens import carries
from service.web.responses import UNCACHED, Reply, ok

log = structlog.get_logger()


@dataclass(frozen=True)
class Admin:
    """`clients` are those of this process; the cluster knows the others'."""

    token: str
    clients: LocalClients
    cluster: Cluster

    def routes(self) -> list[Route]:
        return [
            Route("/api/admin/connections", self.connections),
            Route("/api/admin/connections/{client_id}/close", self.close, methods=["POST"]),
        ]

    async def connections(self, request: Request) -> Response:
        self._check(request)
        return _reply(self.clients.connected(), await self.cluster.connected())

    async def close(self, request: Request) -> Response:
        """All connections of that id, in all processes; those that were closed are told."""
        self._check(request)
        client_id = request.path_params["client_id"]
        closed, elsewhere = self.clients.close_client(client_id), await self.cluster.close_client(client_id)
        log.info("admin.closed", client_id=client_id, connections=len(closed) + len(elsewhere.connections))
        return _reply(closed, elsewhere)

    def _check(self, request: Request) -> None:
        if not carries(request, self.token):
            raise HTTPException(404)


def _reply(here: list[Connected], elsewhere: Elsewhere) -> Reply:
    """`silent` processes did not say in time what they have."""
    return ok({"connections": [*here, *elsewhere.connections], "silent": elsewhere.silent}, UNCACHED)
