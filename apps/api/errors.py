"""Expected failures in OpenAI's shape, so that its clients raise the right exception."""

from starlette.responses import JSONResponse

from apps.api.replies import Json, error_body
from shared.errors import InkloopError

KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def as_json(error: InkloopError) -> Json:
    """The error as a JSON object."""
    kind = KINDS.get(error.http_status, "invalid_request_error")
    if error.http_status >= 500:
        kind = KINDS.get(error.http_status, "server_error")
    return error_body(str(error), kind=kind)


def as_response(error: InkloopError) -> JSONResponse:
    """The error with its status; who may come back later is told when."""
    headers = {"Retry-After": "5"} if error.http_status == 503 else {}
    return JSONResponse(as_json(error), status_code=error.http_status, headers=headers)
