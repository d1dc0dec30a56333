"""The JSON that goes out, for the OpenAPI document: made from the record's declaration and the evidence's."""

from dataclasses import fields
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from jpegqf.record import Record
from jpegqf.views.evidence_view import Evidence


def _record_model() -> type[BaseModel]:
    columns: dict[str, Any] = {
        item.name: (item.type, Field(description=" ".join(filter(None, (item.metadata["meaning"], _unit(item))))))
        for item in fields(Record)
    }
    return create_model("Record", __doc__="All that is known of one image. Unknown is null.", **columns)


def _unit(item: Any) -> str:
    return f"[{item.metadata['unit']}]" if item.metadata["unit"] else ""


RecordModel: Any = _record_model()


class Explanation(BaseModel):
    """A record and all evidence behind it; ``evidence`` is null if the image was lost to a crash."""

    record: RecordModel
    evidence: Evidence | None


class LimitModel(BaseModel):
    """A limit that a request is over, with its value and the flag that sets it."""

    name: str
    value: float
    flag: str


class ErrorBody(BaseModel):
    """``code`` for programs, ``message`` for people; the limit or the image's record, if it is about one."""

    code: str
    message: str
    limit: LimitModel | None
    record: RecordModel | None


class ErrorModel(BaseModel):
    """The one shape of everything that fails."""

    error: ErrorBody


class Health(BaseModel):
    """Whether the server works."""

    status: Literal["ok"]
    version: str


class LimitsModel(BaseModel):
    """What a request may ask for: bytes of a body, pixels and seconds of an image, images and requests at once."""

    max_body: int
    max_pixels: int
    max_images: int
    timeout: float
    max_requests: int
    workers: int
    restore: bool = Field(description="whether /v1/restore works: the extra restore is installed")
    suffixes: list[str] = Field(description="of files in folders that the page takes for images")
    formats: list[str] = Field(description="names of the image formats that this server reads")
