"""What the fuzzers and their kept inputs are given to: each a reader, of which only its own error may come."""

import http.client
import io
import urllib.request
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from jpegqf.codecs import jpeg_2000, jpeg_xl, webp
from jpegqf.codecs.containers import container_name, is_bytes_of_a_file
from jpegqf.codecs.quality import codec_quality
from jpegqf.codecs.tiff import tiff_pages
from jpegqf.errors import CheckpointError, HeaderError, ImageBrokenError, ImageError
from jpegqf.inputs import urls
from jpegqf.inputs.archives import archive_items
from jpegqf.inputs.multi_picture import picture, picture_places
from jpegqf.inspection.inspector import Inspector
from jpegqf.jpeg.encoders import identify
from jpegqf.jpeg.header import read_header
from jpegqf.model.checkpoint import load_model
from jpegqf.model.config import parse_config
from jpegqf.record import Record, Status
from jpegqf.views.header_text import header_lines

CORPUS = Path(__file__).parent / "corpus"
PTH = (CORPUS / "checkpoint" / "model.pth").read_bytes()


def read_any_header(data: bytes) -> None:
    """Read a header with and without its scans, name the encoder, print it."""
    for scans in (True, False):
        try:
            header = read_header(data, scans)
        except HeaderError as error:
            assert len(str(error).splitlines()) == 1
        else:
            assert "\n".join(header_lines("x.jpg", header, identify(header))).encode("utf-8", "strict")


def inspect_anything(data: bytes) -> list[Record]:
    """Inspect bytes as an image, each kind of evidence alone and all together: a whole row, and no exception."""
    records = [Inspector(only=only, max_pixels=2**20).inspect(data, "x") for only in (None, "header", "pixels")]
    for record in records:
        assert (record.status is Status.OK) == (record.reason is None)
        assert record.reason != "crashed"
    return records


def read_any_container(data: bytes) -> None:
    """Read bytes with every reader of containers, which decode nothing; take apart a PDF or DICOM file."""
    container_name(data)
    is_bytes_of_a_file(data)
    quality = codec_quality(data)
    assert quality is None or 0 <= quality <= 100
    for is_lossy in (webp.is_lossy, jpeg_xl.is_lossy, jpeg_2000.is_lossy):
        is_lossy(data)
    file = io.BytesIO(data)
    for page in tiff_pages(file):
        with suppress(EOFError):
            page.jpeg_start(file)
    for number in range(1, len(picture_places(file)) + 2):
        with suppress(ImageBrokenError):
            picture(file, number, len(data))
    suffix = ".pdf" if data.startswith(b"%PDF") else ".dcm" if data[128:132] == b"DICM" else None
    for item in archive_items("x" + suffix, frozenset(), file) if suffix else ():
        assert (item.data is None) == (item.problem is not None)
        assert not item.problem or len(item.problem.splitlines()) == 1


class _Answering(urllib.request.HTTPHandler):
    """A server that sends the same bytes to whoever asks."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """The answer that these bytes are, as http.client reads it."""
        answer = http.client.HTTPResponse(_Sent(self._data), method="GET")  # type: ignore[arg-type]  # no socket
        answer.begin()
        answer.msg = answer.reason  # type: ignore[assignment]  # as urllib does
        return answer


class _Sent:
    """What http.client asks of a socket: the bytes as a file."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        """The bytes."""
        return io.BytesIO(self._data)


def fetch_any_answer(data: bytes) -> bytes | str:
    """Fetch an address whose server answers with these bytes: what it sends, or one line that says what is wrong."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        _Answering(data), urllib.request.HTTPErrorProcessor(), urls.Redirects(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.UnknownHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urls, "_opener", lambda: opener)
        try:
            fetched = urls.fetched("http://fuzz/a.jpg")
            assert isinstance(fetched, bytes)
        except ImageError as issue:
            assert len(str(issue).splitlines()) == 1
            return str(issue)
    return fetched


def load_any_checkpoint(data: bytes, folder: Path) -> None:
    """Load bytes as what they look like: metadata, a .pth's pickle, or else a .pth."""
    try:
        if data[:1] == b"{":
            parse_config(data.decode("utf-8", "replace"))
            return
        if data[:1] == b"\x80":
            data = rewritten({"data.pkl": data})
        path = folder / "x.pth"
        path.write_bytes(data)
        load_model(path, "cpu")
    except CheckpointError as error:
        assert len(str(error).splitlines()) == 1


def rewritten(changes: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """The small .pth with some of its records changed or added, and with right checksums, which no fuzzer finds."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(PTH)) as source, zipfile.ZipFile(out, "w", compression, compresslevel=1) as target:
        records = {name.partition("/")[2]: source.read(name) for name in source.namelist()}
        for name, content in {**records, **changes}.items():
            target.writestr(f"model/{name}", content)
    return out.getvalue()
