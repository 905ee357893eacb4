"""Whose a request to /api is: Dify's `user`."""

from typing import Any

from starlette.requests import Request

from service.admission.authentication import Authenticator, Reason, Unauthenticated
from service.admission.caller import Principal
from service.chat.authentication import MISSING, failure_of
from service.chat.client_identity import is_token, owner_of
from service.result_codes import ResultCode
from service.web.responses import Reply, fail


class NoToken(Exception):
    """Authorization is missing or malformed."""


class Users:
    """With an authenticator a user is who proves to be it, else the holder of a resume token."""

    def __init__(self, authenticator: Authenticator | None) -> None:
        self._authenticator = authenticator

    async def user_of(self, request: Request) -> str:
        """Raises NoToken, or Unauthenticated."""
        if (principal := await self.principal_of(request)) is None:
            return _holder(request)
        return principal.subject

    async def principal_of(self, request: Request) -> Principal | None:
        """None where nobody has to prove anything. Raises Unauthenticated."""
        if self._authenticator is None:
            return None
        if (principal := await self._authenticator.identify(request.scope)) is None:
            raise Unauthenticated(Reason.MISSING, "no Authorization: Bearer")
        return principal


def _holder(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not is_token(token):
        raise NoToken
    return owner_of(token).user


async def on_no_token(request: Request, error: Exception) -> Reply:
    message = "Send the connection's resume_token: Authorization: Bearer <32 hexadecimal digits>."
    return fail(ResultCode.UNAUTHORIZED, message, {"WWW-Authenticate": "Bearer"}, {"reason": MISSING.reason})


async def on_unauthenticated(request: Request, error: Any) -> Reply:
    failure = failure_of(error)
    headers = {"WWW-Authenticate": "Bearer"} if failure.code is ResultCode.UNAUTHORIZED else None
    return fail(failure.code, failure.message, headers, {"reason": failure.reason})
