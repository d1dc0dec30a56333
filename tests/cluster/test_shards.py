"""Sources become numbered shards without being opened, and shards the items that one machine would see."""

import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from conftest import MakeJpeg
from jpegqf.cluster.shards import Shard, check_sources, find_shards, shard_items
from jpegqf.cluster.storage import found_places, one_line, place
from jpegqf.errors import UsageError
from jpegqf.inputs.find import find_items
from jpegqf.inputs.item import Item
from jpegqf.inputs.suffixes import IMAGE_SUFFIXES

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed; the extra ray brings it")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("in/b.png", "in/a.JPG", "in/notes.txt", "in/sub/c.webp", "in/sub/d.jpg", "x1.jpg", "x2.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(name.encode())
    for name in ("s1.tar", "s2.tar"):
        with tarfile.open(name, "w") as archive:
            archive.add("in")
    Path("list.txt").write_text("x1.jpg\ns1.tar\nx2.jpg\nabsent.jpg\n")
    return tmp_path


@pytest.fixture
def remote(folder: Path) -> Iterator[str]:
    """The same files behind a URL."""
    memory: Any = fsspec.filesystem("memory")
    memory.put(str(folder), "/bucket", recursive=True)
    yield "memory://bucket"
    memory.store.clear()
    memory.pseudo_dirs.clear()


def shards(*sources: str, most: int = 2, recursive: bool = True) -> list[Shard]:
    return list(find_shards(sources, IMAGE_SUFFIXES, recursive, most))


def members(found: list[Shard]) -> list[list[str]]:
    return [[name for name, _ in shard.members] for shard in found]


def test_archives_are_shards_and_images_between_them_are_cut_into_some(folder: Path) -> None:
    found = shards("in", "s*.tar", "x1.jpg", "x2.jpg")
    assert members(found) == [
        ["in/a.JPG", "in/b.png"],
        ["in/sub/c.webp", "in/sub/d.jpg"],
        ["s1.tar"],
        ["s2.tar"],
        ["x1.jpg", "x2.jpg"],
    ]
    assert [shard.number for shard in found] == [0, 1, 2, 3, 4]
    assert [shard.archive for shard in found] == [False, False, True, True, False]
    assert [shard.share for shard in found] == sorted(shard.share for shard in found)
    assert found[-1].share == 1


def test_a_list_is_cut_too_and_may_name_archives_and_urls(folder: Path) -> None:
    assert members(shards("@list.txt")) == [["x1.jpg"], ["s1.tar"], ["x2.jpg", "absent.jpg"]]
    Path("list.txt").write_text("s3://b/x.tar\ns3://b/y.jpg\nx1.jpg\n")
    assert members(shards("@list.txt")) == [["s3://b/x.tar"], ["s3://b/y.jpg", "x1.jpg"]]


@pytest.mark.parametrize("sources", [("in",), ("@list.txt",), ("s1.tar", "in", "s2.tar"), ("x*.jpg", "s*.tar")])
def test_the_items_of_all_shards_are_those_of_one_machine(folder: Path, sources: tuple[str, ...]) -> None:
    found = [item for shard in shards(*sources) for item in shard_items(shard, IMAGE_SUFFIXES)]
    assert found == list(find_items(sources, IMAGE_SUFFIXES, True))
    assert found


@pytest.mark.parametrize("source", ["in", "s1.tar", "s*.tar", "x?.jpg", "in/**/*.jpg"])
def test_urls_give_the_items_of_the_same_local_paths(folder: Path, remote: str, source: str) -> None:
    local = [
        Item(f"{remote}/{item.name}", item.data or Path(item.name).read_bytes())
        for item in find_items([source], IMAGE_SUFFIXES, True)
    ]
    found = [item for shard in shards(f"{remote}/{source}") for item in shard_items(shard, IMAGE_SUFFIXES)]
    assert found == local
    assert found


def test_a_list_behind_a_url_is_read_and_what_it_names_and_is_absent_is_an_item(folder: Path, remote: str) -> None:
    with fsspec.open(f"{remote}/list", "w") as file:
        file.write(f"{remote}/x1.jpg\n{remote}/none.jpg\n")
    check_sources([f"@{remote}/list"])
    (shard,) = shards(f"@{remote}/list")
    first, second = shard_items(shard, IMAGE_SUFFIXES)
    assert first == Item(f"{remote}/x1.jpg", b"x1.jpg")
    assert second == Item(f"{remote}/none.jpg", problem="no such file or directory")


def test_braces_name_a_run_of_shards_that_nobody_lists(remote: str) -> None:
    found = shards(f"{remote}/laion-{{0008..0011}}.tar")
    assert members(found) == [[f"{remote}/laion-{number}.tar"] for number in ("0008", "0009", "0010", "0011")]
    with pytest.raises(OSError, match="laion-0008"):
        list(shard_items(found[0], IMAGE_SUFFIXES))


def test_a_million_names_are_listed_as_a_stream(folder: Path) -> None:
    with open("many.txt", "w") as file:
        file.writelines(f"{i}.jpg\n" for i in range(1_000_000))
    stream = find_shards(["@many.txt"], IMAGE_SUFFIXES, False, 1000)
    first = next(stream)
    assert len(first.members) == 1000
    assert first.share < 0.05


def test_a_shard_survives_json_with_names_that_are_not_unicode() -> None:
    shard = Shard(7, (("caf\udce9.jpg", None), ("b", "folder cannot be read")), False, 0.25)
    assert Shard.from_json(shard.to_json()) == shard


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("-", "standard input"),
        ("nowhere", "no such file"),
        ("@nolist", "cannot read list"),
        ("memory://bucket/nowhere", "no such file"),
        ("@memory://bucket/nolist", "no such file"),
        ("nosuchscheme://a/b", "nosuchscheme"),
    ],
)
def test_a_source_that_leads_nowhere_is_a_bad_call(folder: Path, remote: str, source: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_sources(["in", source])


def test_passwords_and_options_never_reach_a_name() -> None:
    here = place("s3://KEY:SECRET@bucket/a/b.tar?endpoint_override=127.0.0.1:9&scheme=http&region=here")
    assert here.name == "s3://bucket/a/b.tar"
    assert here.path == "bucket/a/b.tar"
    assert "SECRET" in here.url
    assert place(here.url).path == here.path
    assert Shard(0, ((here.url, None),), True, 1.0).name == here.name


@pytest.mark.parametrize(
    "text", ["http://u:SECRET@h/a.tar: no", "no 'https://u:SECRET@h/a?sig=SECRET'", "(s3://SECRET@b/x)"]
)
def test_passwords_and_options_never_reach_a_message(text: str) -> None:
    told = one_line(OSError(text))
    assert "SECRET" not in told
    assert "no" in told or "s3://b/x" in told


class _Answers(BaseHTTPRequestHandler):
    """Sends each file of ``files``, by its path with what follows ``?``; a number is the status to send instead."""

    files: ClassVar[dict[str, bytes | int]] = {}

    def do_HEAD(self) -> None:
        self._head()

    def do_GET(self) -> None:
        self.wfile.write(self._head())

    def _head(self) -> bytes:
        told = self.files.get(self.path, 404)
        data = b"" if isinstance(told, int) else told
        self.send_response(told if isinstance(told, int) else 200)
        self.send_header("Content-Length", str(len(data) + 1000 * self.path.endswith("half.jpg")))
        self.end_headers()
        return data

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def web(jpeg: MakeJpeg) -> Iterator[str]:
    pytest.importorskip("aiohttp", reason="fsspec's HTTP needs aiohttp")
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.addfile(_member("m.jpg", len(jpeg(70))), io.BytesIO(jpeg(70)))
    _Answers.files = {"/a.jpg": jpeg(80), "/half.jpg": jpeg(80), "/500.jpg": 500, "/401.jpg": 401, "/410.jpg": 410}
    _Answers.files |= {"/key.jpg?sig=1": jpeg(90), "/t.tar?sig=1": tar.getvalue()}
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _member(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    return info


def test_one_bad_url_costs_one_image_and_says_why(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jpegqf.cluster.shards.FETCH_PAUSES", (0.0, 0.0))
    names = ["a.jpg", "half.jpg", "500.jpg", "401.jpg", "410.jpg", "none.jpg", "key.jpg?sig=1", "key.jpg"]
    urls = [f"{web}/{name}" for name in names] + ["http://ex..com/x.jpg", f"http://{'x' * 70}/x.jpg"]
    items = list(shard_items(Shard(0, tuple((url, None) for url in urls), False, 1.0), IMAGE_SUFFIXES))
    assert [bool(item.data) for item in items] == [True] + [False] * 5 + [True] + [False] * 3
    assert [item.problem for item in items[2:6]] == [
        "HTTP status 500", "permission denied", "no such file or directory", "no such file or directory"
    ]  # fmt: skip
    assert all(item.problem for item in items if not item.data)
    assert [item.name for item in items[6:8]] == [f"{web}/key.jpg"] * 2


def test_an_archive_by_a_url_with_options_is_an_archive(web: str, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(f"{web}/t.tar?sig=1\n")
    stores = "s3://K:S@b/{0..1}.tar?endpoint_override=127.0.0.1:9&scheme=http&region=x"
    shards = list(find_shards([f"@{listed}", stores], IMAGE_SUFFIXES, False, 10))
    assert [shard.archive for shard in shards] == [True] * 3
    (item,) = shard_items(shards[0], IMAGE_SUFFIXES)
    assert (item.name, bool(item.data)) == (f"{web}/t.tar!m.jpg", True)


def test_stars_and_question_marks_do_not_cross_slashes(remote: str) -> None:
    assert [found.name for found in found_places(f"{remote}/in/*.jpg")] == []
    assert [found.name for found in found_places(f"{remote}/*/b.???")] == [f"{remote}/in/b.png"]
