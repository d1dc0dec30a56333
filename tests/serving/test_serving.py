"""The API, called in this process; its workers are processes."""

import asyncio
import io
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import MakeJpeg
from jpegqf.errors import UsageError
from jpegqf.inputs.item import Item
from jpegqf.outputs.base import row_of
from jpegqf.record import COLUMNS
from jpegqf.scanning.stream import scan

pytest.importorskip("fastapi", reason='the server needs the extra serve: pip install ".[test-serve]"')
httpx = pytest.importorskip("httpx", reason="the API's tests need httpx")

from starlette.testclient import TestClient  # noqa: E402 - they need what may be absent

from jpegqf.serving.app import create_app  # noqa: E402
from jpegqf.serving.run import _greet, make_pool  # noqa: E402
from jpegqf.serving.settings import FLAGS, Limits, Settings, checked_origin, read_token  # noqa: E402
from jpegqf.serving.work import Work, WorkerAnswer, lost_answer  # noqa: E402
from jpegqf.workers.pool import Pool  # noqa: E402

TOKEN = "a-token-that-is-long-enough"  # noqa: S105 - of a test
SMALL = Limits(max_body=500_000, max_pixels=300_000, max_images=5, timeout=30.0, max_requests=3)
PART = b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n'
SENT_NAMES = (("../../etc/passwd", "passwd"), ("<img onerror=alert(1)>", None), ("a/b.jpg", "b.jpg"), ('"q".jpg', None))
ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def pool() -> "Iterator[Pool[WorkerAnswer]]":
    pool = make_pool(Settings(workers=2, limits=SMALL))
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def client(pool: "Pool[WorkerAnswer]") -> TestClient:
    return client_of(pool, Settings(limits=SMALL))


def client_of(pool: "Pool[WorkerAnswer]", settings: Settings) -> TestClient:
    return TestClient(create_app(settings, pool), base_url=ADDRESS, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def files(jpeg: MakeJpeg, cat: Image.Image, photo: Image.Image) -> dict[str, bytes]:
    """A file of each kind of answer."""
    made = {"single.jpg": jpeg(77, cat), "progressive.jpg": jpeg(64, photo, progressive=True)}
    with Image.open(io.BytesIO(jpeg(60, cat))) as image:
        made["twice.jpg"] = jpeg(92, image.copy())
        out = io.BytesIO()
        image.crop((3, 5, 300, 290)).save(out, "PNG")
    made["cropped.png"] = out.getvalue()
    out = io.BytesIO()
    cat.resize((150, 100)).save(out, "PNG")
    made |= {"never.png": out.getvalue(), "cut.jpg": jpeg(50, photo)[:4000], "notes.txt": b"nothing of an image"}
    made |= {"=1+1.jpg": jpeg(30, cat), "带空格 “引号”.jpg": jpeg(40, cat), "tiny.jpg": jpeg(50, cat.resize((8, 8)))}
    return made


def form(files: dict[str, bytes]) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("file", (name, data, "application/octet-stream")) for name, data in files.items()]


def error_of(answer: Any, status: int) -> dict[str, Any]:
    """The error of an answer, whose shape is checked."""
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert list(told) == ["error"]
    assert list(told["error"]) == ["code", "message", "limit", "record"]
    assert told["error"]["code"]
    assert "\n" not in told["error"]["message"]
    return dict(told["error"])


def test_answers_equal_a_scan_of_the_same_bytes_field_by_field(
    client: TestClient, files: dict[str, bytes], tmp_path: Path
) -> None:
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    paths = [str(tmp_path / name) for name in files]
    wanted = [row_of(replace(row, path=row.filename)) for row in scan(paths, max_pixels=SMALL.max_pixels)]
    assert {row["verdict"] for row in wanted} >= {"consistent", "resaved", "pixels_only", "no_trace", "header_only"}
    assert {row["status"] for row in wanted} == {"ok", "skipped", "error"}
    raw = [client.post("/v1/inspect", params={"name": name}, content=data).json() for name, data in files.items()]
    assert raw == wanted
    assert [list(row) for row in raw] == [list(COLUMNS)] * len(raw)
    for at in range(0, len(files), 5):
        some = dict(list(files.items())[at : at + 5])
        assert client.post("/v1/inspect", files=form(some)).json() == wanted[at : at + 5]


def test_a_form_of_one_file_gives_a_list_of_one(client: TestClient, files: dict[str, bytes]) -> None:
    told = client.post("/v1/inspect", files=form({"a.jpg": files["single.jpg"]})).json()
    assert [row["qf"] for row in told] == [77]


def test_an_explanation_has_the_same_record_and_the_evidence(client: TestClient, files: dict[str, bytes]) -> None:
    for name in ("twice.jpg", "cropped.png", "cut.jpg", "notes.txt"):
        told = client.post("/v1/explain", params={"name": name}, content=files[name]).json()
        assert told["record"] == client.post("/v1/inspect", params={"name": name}, content=files[name]).json()
        assert (told["evidence"]["pixels"] is None) == (told["record"]["status"] != "ok")
        assert (told["evidence"]["file"] is None) == (told["record"]["encoder"] is None)


def test_a_plot_is_a_picture_and_an_image_without_evidence_is_told(client: TestClient, files: dict[str, bytes]) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    answer = client.post("/v1/inspect/plot", content=files["single.jpg"])
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.width == 1800
    error = error_of(client.post("/v1/inspect/plot", content=files["cut.jpg"]), 422)
    assert (error["code"], error["record"]["reason"]) == ("nothing_to_draw", "truncated")


def test_a_jpeg_is_given_back_and_what_is_none_is_told_how_near(
    client: TestClient, files: dict[str, bytes], jpeg: MakeJpeg, cat: Image.Image
) -> None:
    pytest.importorskip("jpeglib", reason="restoring needs jpegqf[restore]")
    out, changed = io.BytesIO(), io.BytesIO()
    scene = cat.crop((0, 0, 160, 128)).point(lambda level: level // 2 + 50)
    image = Image.open(io.BytesIO(jpeg(77, scene))).convert("RGB")
    image.save(out, "PNG")
    answer = client.post("/v1/restore", content=out.getvalue())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(answer.content)) as back:
        assert back.convert("RGB").tobytes() == image.tobytes()
    image.putpixel((50, 50), (255, 0, 255))
    image.save(changed, "PNG")
    for data, reason in ((changed.getvalue(), "not_identical"), (files["never.png"], "not_a_jpeg"),
                         (files["single.jpg"], "lossy"), (files["cropped.png"], "cropped")):  # fmt: skip
        error = error_of(client.post("/v1/restore", content=data), 422)
        assert (error["code"], error["record"]["reason"]) == ("not_restored", reason)
        assert error["message"]


def test_names_stay_as_they_were_sent_and_are_bounded(client: TestClient, files: dict[str, bytes]) -> None:
    data = files["tiny.jpg"]
    for name, filename in SENT_NAMES:
        row = client.post("/v1/inspect", files=form({name: data})).json()[0]
        assert (row["path"], row["filename"]) == (name, filename or name)
    assert client.post("/v1/inspect", files=form({"n" * 3000: data})).json()[0]["path"] == "n" * 1024
    assert client.post("/v1/inspect", content=data).json()["path"] == "upload"
    assert (
        error_of(client.post("/v1/inspect", params={"name": "n" * 1025}, content=data), 422)["code"]
        == "invalid_request"
    )


def test_every_limit_is_named_where_it_is_exceeded(client: TestClient, jpeg: MakeJpeg, photo: Image.Image) -> None:
    large = jpeg(50, photo.resize((600, 600)))
    tries = {
        "max_body": (413, client.post("/v1/inspect", content=bytes(SMALL.max_body + 1))),
        "max_images": (422, client.post("/v1/inspect", files=form({f"{i}.jpg": b"x" for i in range(6)}))),
        "max_pixels": (422, client.post("/v1/inspect", content=large)),
    }
    for name, (status, answer) in tries.items():
        error = error_of(answer, status)
        assert error["limit"] == {"name": name, "value": asdict(SMALL)[name], "flag": FLAGS[name]}
        assert FLAGS[name] in error["message"]
    assert error["record"]["reason"] == "too_large"
    several = client.post("/v1/inspect", files=form({"a.jpg": large, "b.jpg": jpeg(50, photo)})).json()
    assert [row["reason"] for row in several] == ["too_large", None]


def test_a_body_without_a_length_is_limited_while_it_comes(client: TestClient) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(200):
            sent += 10_000
            yield bytes(10_000)

    for kind in ("application/octet-stream", "multipart/form-data; boundary=x"):
        error = error_of(client.post("/v1/inspect", content=endless(), headers={"content-type": kind}), 413)
        assert error["limit"]["name"] == "max_body"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("image/jpeg", b""),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\ntext\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nno header at all\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x; charset=nonsense", b"--y\r\n\r\n--x--"),
        ("multipart/form-data; boundary=" + "x" * 300, b"--x"),
        ("multipart/form-data; boundary=x", PART + b"cut"),
        ("multipart/form-data; boundary=x", PART + b"whole\r\n" + PART + b"cut"),
        ("multipart/form-data; boundary=x", PART[:20] + b"a" * 9000 + PART),
    ],
)
def test_empty_and_damaged_bodies_are_refused_in_one_line(client: TestClient, kind: str, body: bytes) -> None:
    answer = client.post("/v1/inspect", content=body, headers={"content-type": kind})
    assert error_of(answer, answer.status_code)["code"] in ("no_image", "bad_request")
    assert answer.status_code in (400, 422)


def test_whatever_fails_has_one_shape(client: TestClient) -> None:
    assert error_of(client.get("/nothing"), 404)["code"] == "not_found"
    assert error_of(client.get("/web/page/%00"), 404)["code"] == "not_found"
    answer = client.get("/v1/inspect")
    assert error_of(answer, 405)["code"] == "method_not_allowed"
    assert answer.headers["allow"] == "POST"
    assert error_of(client.post("/v1/explain", files=form({"a": b"1", "b": b"2"})), 422)["code"] == "too_many_images"


def test_a_fault_of_ours_is_a_500_in_the_same_shape(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("jpegqf.serving.app.row_of", lambda record: 1 / 0)
    answer = client.post("/v1/inspect", content=b"x")
    assert error_of(answer, 500)["code"] == "internal_error"
    assert "content-security-policy" in answer.headers
    assert "ZeroDivisionError" in caplog.text


@dataclass(frozen=True)
class Misbehave:
    """What a worker does with a body is in the body."""

    work: Work

    def __call__(self) -> Callable[[Item], WorkerAnswer]:
        answer = self.work()

        def act(item: Item) -> WorkerAnswer:
            if item.data == b"crash":
                os._exit(3)
            if item.data == b"hang":
                time.sleep(600)
            if item.data == b"nap":
                time.sleep(1.5)
            return answer(item)

        return act


@pytest.fixture(scope="module")
def fragile() -> Iterator[TestClient]:
    limits = Limits(timeout=5.0, max_requests=3)  # an image takes that long on no machine
    work = make_pool(Settings(limits=limits))
    work.close()
    pool: Pool[WorkerAnswer] = Pool(Misbehave(work._prepare), lost_answer, 2, limits.timeout)  # type: ignore[arg-type]
    yield client_of(pool, Settings(limits=limits))
    pool.close()


def test_a_crash_and_a_hang_cost_one_request_each(fragile: TestClient, jpeg: MakeJpeg, cat: Image.Image) -> None:
    crashed = fragile.post("/v1/inspect", content=b"crash").json()
    assert (crashed["status"], crashed["reason"]) == ("error", "crashed")
    error = error_of(fragile.post("/v1/inspect", content=b"hang"), 422)
    assert (error["code"], error["limit"]["flag"]) == ("image_timeout", "--timeout-per-image")
    assert error["record"]["reason"] == "timeout"
    rows = fragile.post("/v1/inspect", files=form({"a": b"hang", "b": b"crash", "c.jpg": jpeg(70, cat)})).json()
    assert [(row["reason"], row["qf"]) for row in rows] == [("timeout", None), ("crashed", None), (None, 70)]
    text = fragile.get("/metrics").text
    assert 'jpegqf_workers_lost_total{reason="crashed"} 2.0' in text
    assert 'jpegqf_images_total{reason="timeout",status="error"} 2.0' in text


def test_requests_over_those_at_once_are_told_to_come_again(fragile: TestClient) -> None:
    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(lambda _: fragile.post("/v1/inspect", content=b"nap"), range(5)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 2
    assert error_of(refused[0], 429)["limit"] == {"name": "max_requests", "value": 3, "flag": "--max-requests"}
    assert refused[0].headers["retry-after"] == "1"


def test_ended_workers_are_a_503(jpeg: MakeJpeg) -> None:
    pool = make_pool(Settings())
    pool.close()
    assert error_of(client_of(pool, Settings()).post("/v1/inspect", content=jpeg(50)), 503)["code"] == "unavailable"


def test_without_the_token_no_image_is_looked_at(pool: "Pool[WorkerAnswer]", files: dict[str, bytes]) -> None:
    client = client_of(pool, Settings(token=TOKEN))
    right = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/v1/inspect", "/v1/explain", "/v1/inspect/plot"):
        answer = client.post(path, content=files["tiny.jpg"])
        assert error_of(answer, 401)["code"] == "token_required"
        assert answer.headers["www-authenticate"].startswith("Bearer")
    token = TOKEN.encode()
    for wrong in (b"Bearer wrong", b"Bearer ", b"Basic " + token, b"Bearer " + token + b"x", b"Bearer \xff\xfe"):
        error_of(client.post("/v1/inspect", content=b"x", headers={b"Authorization": wrong}), 401)
    for path in ("/metrics", "/v1/limits"):
        error_of(client.get(path), 401)
        assert client.get(path, headers=right).status_code == 200
    assert client.post("/v1/inspect", content=files["single.jpg"], headers=right).json()["qf"] == 77
    for path in ("/", "/healthz", "/openapi.json", "/docs"):
        assert client.get(path).status_code == 200


def test_a_token_is_asked_before_the_body_is_read(pool: "Pool[WorkerAnswer]") -> None:
    told: list[int] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        told.append(message.get("status", 0))

    headers = [(b"host", b"127.0.0.1"), (b"content-length", b"1000")]
    scope = {"type": "http", "method": "POST", "path": "/v1/inspect", "query_string": b"", "headers": headers}
    asyncio.run(create_app(Settings(token=TOKEN), pool)(scope, receive, send))
    assert told[0] == 401


def test_another_host_name_is_refused_on_loopback(client: TestClient, pool: "Pool[WorkerAnswer]") -> None:
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "[::1", "localhost@evil.example"):
        assert error_of(client.get("/", headers={"host": host}), 400)["code"] == "host_not_allowed"
    for host in ("localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:8000"):
        assert client.get("/healthz", headers={"host": host}).status_code == 200
    named = client_of(pool, Settings(hosts=("images.example",)))
    assert named.get("/healthz", headers={"host": "images.example"}).status_code == 200
    public = Settings(host="0.0.0.0")  # noqa: S104 - it does not listen
    assert client_of(pool, public).get("/healthz", headers={"host": "any.example"}).status_code == 200
    only = client_of(pool, replace(public, hosts=("images.example",)))
    for host, status in (("images.example", 200), ("localhost", 200), ("0.0.0.0:80", 200), ("any.example", 400)):
        assert only.get("/healthz", headers={"host": host}).status_code == status


@pytest.mark.parametrize("text", ["*", "example.org", "https://", "https://a.org/b", "ftp://a.org", "https://a.org:x"])
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="an origin is a scheme and a host"):
        checked_origin(text)
    assert checked_origin("https://Example.org:8443/") == "https://example.org:8443"
    assert checked_origin("http://[::1]:80") == "http://[::1]"


def test_a_compressed_body_is_refused(client: TestClient, files: dict[str, bytes]) -> None:
    for coding, status in (("gzip", 415), ("br, gzip", 415), ("identity", 200)):
        answer = client.post("/v1/inspect", content=files["single.jpg"], headers={"content-encoding": coding})
        assert answer.status_code == status
    assert error_of(client.post("/v1/explain", content=b"x", headers={"content-encoding": "GZip"}), 415)


def test_a_file_named_as_some_clients_name_it_is_no_other_field(client: TestClient, files: dict[str, bytes]) -> None:
    part = PART.replace(b'filename="b"', b"filename*=UTF-8''%E6%97%A5.jpg") + files["single.jpg"] + b"\r\n--x--\r\n"
    answer = client.post("/v1/inspect", content=part, headers={"content-type": "multipart/form-data; boundary=x"})
    assert [(row["path"], row["qf"]) for row in answer.json()] == [("日.jpg", 77)]


def test_images_that_nobody_waits_for_are_not_looked_at(pool: "Pool[WorkerAnswer]", files: dict[str, bytes]) -> None:
    part = PART + files["tiny.jpg"] + b"\r\n"
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": 4 * part + b"--x--\r\n"},
        {"type": "http.disconnect"},
    ]
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        return dict(messages.pop(0) if len(messages) > 1 else messages[0])

    async def send(message: Any) -> None:
        told.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"multipart/form-data; boundary=x")]
    scope = {"type": "http", "method": "POST", "path": "/v1/inspect", "query_string": b"", "headers": headers}
    app = create_app(Settings(limits=SMALL), pool)
    asyncio.run(app(scope, receive, send))
    assert told[0]["status"] == 400
    assert b"nobody waits" in told[1]["body"]


def test_pages_of_other_sites_may_call_only_if_they_are_allowed(client: TestClient, pool: "Pool[WorkerAnswer]") -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:9999", "http://["):
        answer = client.post("/v1/inspect", content=b"x", headers={"origin": origin})
        assert error_of(answer, 403)["code"] == "origin_not_allowed"
        assert "access-control-allow-origin" not in answer.headers
    own = client.post("/v1/inspect", content=b"x", headers={"origin": ADDRESS})
    assert (own.status_code, "access-control-allow-origin" in own.headers) == (200, False)
    allowed = client_of(pool, Settings(origins=("https://friend.example",)))
    wish = {"origin": "https://friend.example", "access-control-request-method": "POST"}
    assert allowed.options("/v1/inspect", headers=wish).headers["access-control-allow-origin"] == wish["origin"]
    answer = allowed.post("/v1/inspect", content=b"x", headers={"origin": wish["origin"]})
    assert answer.headers["access-control-allow-origin"] == wish["origin"]
    assert error_of(allowed.get("/v1/limits", headers={"origin": "https://evil.example"}), 403)


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/v1/limits", "/nothing", "/web/page/page.js", "/swagger/swagger-ui.css"]
)
def test_every_answer_has_the_security_headers_and_no_inline_code_is_allowed(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == (
        "no-store" if path in ("/v1/limits", "/nothing", "/swagger/x.css") else "no-cache"
    )
    assert "server" not in headers


def test_the_openapi_document_has_every_column_with_its_meaning(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    record = document["components"]["schemas"]["Record"]
    assert list(record["properties"]) == list(COLUMNS)
    assert all(column["description"] for column in record["properties"].values())
    assert record["required"] == list(COLUMNS)
    for path, methods in document["paths"].items():
        for method in methods.values():
            for status in set(method["responses"]) - {"200"}:
                schema = method["responses"][status]["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorModel"}, (path, status)


def test_the_metrics_bound_the_number_of_labels(client: TestClient) -> None:
    for i in range(20):
        client.get(f"/stranger/{i}")
    text = client.get("/metrics").text
    assert "stranger" not in text
    assert 'jpegqf_requests_total{method="GET",path="other",status="404"}' in text
    assert "jpegqf_workers 2.0" in text


def test_limits_are_told(client: TestClient) -> None:
    told = client.get("/v1/limits").json()
    assert {name: told[name] for name in asdict(SMALL)} == asdict(SMALL)
    assert ".jpg" in told["suffixes"]
    assert told["restore"] is (find_spec("jpeglib") is not None)


def test_other_addresses_than_loopback_are_told_what_they_mean() -> None:
    def said(**settings: Any) -> str:
        lines: list[str] = []
        _greet(Settings(**settings), 8000, lines.append)
        return "\n".join(lines)

    for host in ("127.0.0.1", "localhost", "LOCALHOST", "::1", "127.0.0.7", "127.1", "::ffff:127.0.0.1"):
        assert "Warning" not in said(host=host), host
    assert "ANYONE" in said(host="0.0.0.0")  # noqa: S104 - it does not listen
    guarded = said(host="192.0.2.1", token=TOKEN)
    assert "whoever has the token" in guarded
    assert "Nothing is encrypted" in guarded


@pytest.mark.parametrize("content", ["", "short\n", "with spaces in the token\n", "pässwort-with-umlauts\n"])
def test_a_weak_token_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "token"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="a token"):
        read_token(str(path))


def test_a_token_file_is_read_or_told(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\nmore\n")
    assert read_token(str(path)) == TOKEN
    with pytest.raises(UsageError, match="no such file"):
        read_token(str(tmp_path / "absent"))
