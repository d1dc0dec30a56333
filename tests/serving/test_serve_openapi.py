"""The OpenAPI document holds: whatever schemathesis makes of it is answered as it says, and never with a 5xx."""

from typing import Any

import pytest

pytest.importorskip("fastapi", reason='the server needs the extra serve: pip install ".[test-serve]"')
schemathesis = pytest.importorskip("schemathesis", reason="schemathesis comes with the extra test-serve")

from hypothesis import HealthCheck, settings  # noqa: E402 - they need what may be absent
from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from jpegqf.serving.app import create_app  # noqa: E402
from jpegqf.serving.run import make_pool  # noqa: E402
from jpegqf.serving.settings import Settings  # noqa: E402

TOKEN = "a-token-that-is-long-enough"  # noqa: S105 - of a test
HOST = {"Host": "127.0.0.1"}
BOUNDED = settings(max_examples=25, suppress_health_check=list(HealthCheck), derandomize=True)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]
"""Not those that expect a refusal of what the schema does not allow: it cannot say what an image is."""
POOL = make_pool(Settings())
open_schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(Settings(), POOL), headers=HOST)
token_schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(Settings(token=TOKEN), POOL), headers=HOST)


@pytest.fixture(scope="module", autouse=True)
def _pool_ends() -> Any:
    yield
    POOL.close()


@open_schema.parametrize()  # type: ignore[untyped-decorator]
@BOUNDED
def test_every_answer_is_what_the_document_says_and_none_a_5xx(case: Any) -> None:
    case.call_and_validate(headers=HOST, checks=CHECKS)


@token_schema.parametrize()  # type: ignore[untyped-decorator]
@BOUNDED
def test_the_same_where_a_token_is_asked_for(case: Any) -> None:
    case.call_and_validate(headers={**HOST, "Authorization": f"Bearer {TOKEN}"}, checks=CHECKS)
