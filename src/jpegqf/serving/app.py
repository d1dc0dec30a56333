"""The routes: uploads to the pool, records out; the page and its files."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import fastapi_offline
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from jpegqf.errors import JpegqfError, Reason
from jpegqf.inputs.suffixes import IMAGE_SUFFIXES
from jpegqf.optional import missing
from jpegqf.outputs.base import row_of
from jpegqf.pixels.opening import formats_read
from jpegqf.record import Record
from jpegqf.serving.guards import OnlyExpected, SecurityHeaders, check_token
from jpegqf.serving.metrics import Metrics, Observed
from jpegqf.serving.problems import Problem, on_http_exception, on_invalid, on_problem, over_limit
from jpegqf.serving.schemas import ErrorModel, Explanation, Health, LimitsModel, RecordModel
from jpegqf.serving.settings import Settings
from jpegqf.serving.upload import LONGEST_IMAGE_NAME, UNNAMED, UploadedImage, read_images
from jpegqf.serving.work import ImageRequest, Want, WorkerAnswer
from jpegqf.version import __version__
from jpegqf.workers.pool import Pool

PAGE = Path(__file__).parents[1] / "web"
SWAGGER = Path(fastapi_offline.__file__).parent / "static"
DESCRIPTION = """How hard was this image compressed as JPEG? Images are looked at in memory and stored nowhere.

An image that cannot be read is no failed request: its record says `error` and why."""
BINARY = {"schema": {"type": "string", "format": "binary"}}
ONE_FORM = {"type": "object", "required": ["file"], "properties": {"file": BINARY["schema"]}}
FORM = {"type": "object", "required": ["file"], "properties": {"file": {"type": "array", "items": BINARY["schema"]}}}


def _body(form: dict[str, Any]) -> dict[str, Any]:
    """An image as the raw body, or a form."""
    content = {"application/octet-stream": BINARY, "image/*": BINARY, "multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    words = {
        400: "Damaged request, or one that addresses another host",
        401: "A token is asked for",
        403: "Sent by a page of another site",
        408: "Sent too slowly",
        413: "Body over --max-body",
        415: "Content-Encoding is not understood",
        422: "No image, or over --max-images, --max-pixels or --timeout-per-image",
        429: "Over --max-requests at once: try again",
        503: "Workers cannot work",
    }
    return {status: {"model": ErrorModel, "description": words[status]} for status in statuses}


UPLOAD_ERRORS = _errors(400, 401, 403, 408, 413, 415, 422, 429, 503)
ImageName = Annotated[str, Query(description="the image's name, for a raw body", max_length=LONGEST_IMAGE_NAME)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


class Service:
    """Answers requests with a pool, within the settings."""

    def __init__(self, settings: Settings, pool: "Pool[WorkerAnswer]") -> None:
        self.settings, self.limits, self.pool = settings, settings.limits, pool
        self.metrics = Metrics(pool)
        self._busy = 0

    def authorized(self, sent: Bearer) -> None:
        """A dependency: raises Problem without the token, before a byte of the body is read."""
        check_token(sent.credentials if sent else None, self.settings.token)

    @contextmanager
    def room(self) -> Iterator[None]:
        """A place among the requests at once. Raises Problem if there is none."""
        if self._busy >= self.limits.max_requests:
            raise over_limit("max_requests", self.limits, "too many requests at once, try again")
        self._busy += 1
        self.metrics.now.set(self._busy)
        try:
            yield
        finally:
            self._busy -= 1
            self.metrics.now.set(self._busy)

    async def answers(self, request: Request, images: list[UploadedImage], want: Want = "record") -> list[WorkerAnswer]:
        """Answers in order. A request takes no more workers than there are, so that others have their turn.

        Raises Problem if the only image is over a limit, if workers cannot work, or if nobody waits any more.
        """
        turn = asyncio.Semaphore(self.pool.jobs)

        async def asked(image: UploadedImage) -> WorkerAnswer:
            async with turn:
                if await request.is_disconnected():
                    raise Problem(400, "nobody waits for the answer any more")
                answer = await self.pool.ask(ImageRequest(image.name, image.data, want=want))
            self.metrics.looked_at(answer.record, len(image.data))
            return answer

        try:
            answers = await asyncio.gather(*(asked(image) for image in images))
        except JpegqfError as error:
            raise Problem(503, str(error)[:300]) from None
        if len(answers) == 1:
            self._check(answers[0].record)
        return answers

    def _check(self, record: Record) -> None:
        if record.reason == Reason.TIMEOUT.value:
            raise over_limit("timeout", self.limits, "the image took too long", record)
        pixels = (record.width or 0) * (record.height or 0)
        if record.reason == Reason.TOO_LARGE.value and pixels > self.limits.max_pixels:
            raise over_limit("max_pixels", self.limits, f"an image of {pixels} pixels", record)

    async def one(self, request: Request, name: str, want: Want) -> WorkerAnswer:
        """The answer about the one image of a request."""
        with self.room():
            images, _ = await read_images(request, self.limits, name)
            if len(images) > 1:
                raise Problem(422, "this page takes one image at a time", "too_many_images")
            return (await self.answers(request, images, want))[0]


def create_app(settings: Settings, pool: "Pool[WorkerAnswer]") -> FastAPI:
    """The application; starting and ending the pool is left to whoever made it."""
    app = FastAPI(
        title="jpegqf",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    service = Service(settings, pool)
    app.include_router(_inspecting(service))
    app.include_router(_restoring(service))
    app.include_router(_telling(service))
    app.include_router(_page())
    app.mount("/web", StaticFiles(directory=PAGE))
    app.mount("/swagger", StaticFiles(directory=SWAGGER))
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(RequestValidationError, on_invalid)
    if settings.origins:
        app.add_middleware(CORSMiddleware, allow_origins=settings.origins, allow_methods=["*"], allow_headers=["*"])
    app.add_middleware(OnlyExpected, settings=settings)
    app.add_middleware(Observed, metrics=service.metrics)
    app.add_middleware(SecurityHeaders)
    return app


def _guarded(service: Service) -> APIRouter:
    # The document asks for a token only where the server does.
    guards = [Depends(service.authorized)] if service.settings.token else []
    return APIRouter(dependencies=guards, tags=["API"])


def _inspecting(service: Service) -> APIRouter:
    guarded = _guarded(service)

    @guarded.post("/v1/inspect", openapi_extra=_body(FORM), responses={
        200: {"model": RecordModel | list[RecordModel], "description": "A record; of a form, the list of them"},
        **UPLOAD_ERRORS,
    })  # fmt: skip
    async def inspect(request: Request, name: ImageName = UNNAMED) -> JSONResponse:
        """Inspect a raw body, or the one or several files of a form."""
        with service.room():
            images, is_form = await read_images(request, service.limits, name)
            rows = [row_of(answer.record) for answer in await service.answers(request, images)]
        return JSONResponse(rows if is_form else rows[0])

    @guarded.post("/v1/explain", openapi_extra=_body(ONE_FORM), responses={
        200: {"model": Explanation, "description": "The record and its evidence"}, **UPLOAD_ERRORS,
    })  # fmt: skip
    async def explain(request: Request, name: ImageName = UNNAMED) -> JSONResponse:
        """Inspect one image; return record and evidence: posterior, histograms, quality map, tables, encoder, text."""
        answer = await service.one(request, name, "evidence")
        return JSONResponse(
            {
                "record": row_of(answer.record),
                "evidence": asdict(answer.evidence) if answer.evidence else None,
            }
        )

    @guarded.post("/v1/inspect/plot", openapi_extra=_body(ONE_FORM), response_class=Response, responses={
        200: {"content": {"image/png": BINARY}, "description": "What `jpegqf explain --plot` draws"}, **UPLOAD_ERRORS,
    })  # fmt: skip
    async def plot(request: Request, name: ImageName = UNNAMED) -> Response:
        """Draw the evidence of one image as a PNG; 422 if its pixels cannot be judged."""
        answer = await service.one(request, name, "plot")
        if answer.png is None:
            words = answer.record.message or answer.record.verdict_text or "the pixels tell nothing"
            raise Problem(422, f"nothing to draw: {words}", "nothing_to_draw", record=answer.record)
        return Response(answer.png, media_type="image/png")

    return guarded


def _restoring(service: Service) -> APIRouter:
    guarded = _guarded(service)

    @guarded.post("/v1/restore", openapi_extra=_body(ONE_FORM), response_class=Response, responses={
        200: {"content": {"image/jpeg": BINARY}, "description": "A JPEG that decodes to exactly these pixels"},
        **UPLOAD_ERRORS,
    })  # fmt: skip
    async def restore(request: Request, name: ImageName = UNNAMED) -> Response:
        """Give the JPEG back that a lossless image was, proven pixel by pixel; 422 with the reason if there is none."""
        if not can_restore():
            raise Problem(503, str(missing("restoring", "jpeglib", "restore")))
        answer = await service.one(request, name, "jpeg")
        if answer.jpeg is None:
            words = answer.record.message or "no JPEG was found"
            raise Problem(422, words[:300], "not_restored", record=answer.record)
        return Response(answer.jpeg, media_type="image/jpeg")

    return guarded


def can_restore() -> bool:
    """Whether the library that writes JPEGs is installed."""
    return find_spec("jpeglib") is not None


def _telling(service: Service) -> APIRouter:
    guarded = _guarded(service)

    @guarded.get("/v1/limits", responses={200: {"model": LimitsModel}, **_errors(400, 401, 403)})
    async def limits() -> JSONResponse:
        """Tell what a request may ask for."""
        more = {
            "workers": service.pool.jobs, "restore": can_restore(),
            "suffixes": sorted(IMAGE_SUFFIXES), "formats": formats_read(),
        }  # fmt: skip
        return JSONResponse({**asdict(service.limits), **more})

    @guarded.get("/metrics", response_class=Response, responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **_errors(400, 401, 403),
    })  # fmt: skip
    async def metrics() -> Response:
        """Counts and times, as Prometheus reads them."""
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return guarded


def _page() -> APIRouter:
    pages = APIRouter(tags=["API"])

    @pages.get("/healthz", responses={200: {"model": Health}, **_errors(400, 403)})
    async def healthz() -> JSONResponse:
        """Tell that the server works; asks for no token."""
        return JSONResponse({"status": "ok", "version": __version__})

    @pages.get("/", include_in_schema=False)
    async def index() -> FileResponse:
        return FileResponse(PAGE / "page" / "index.html")

    @pages.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(PAGE / "page" / "docs.html")

    return pages
