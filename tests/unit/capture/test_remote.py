"""Objects of another machine are inputs too: address, size and version, and no copy."""

from __future__ import annotations

import http.server
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pandas as pd
import polars as pl
import pytest

from nbmlops.capture.files import FileWatch
from nbmlops.model.cell import FileUse
from nbmlops.settings import Capture

BODY = b"a,b\n1,2\n"


class Server(http.server.BaseHTTPRequestHandler):
    def answer(self, has_body: bool) -> None:
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.send_header("ETag", '"v7"')
        self.end_headers()
        if has_body:
            self.wfile.write(BODY)

    def do_GET(self) -> None:
        self.answer(True)

    def do_HEAD(self) -> None:
        self.answer(False)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[FileWatch]:
    made = FileWatch(tmp_path, Capture(inputs="hook"))
    made.start()
    yield made
    made.close()


def the_input(files: FileWatch) -> FileUse:
    (found,) = files.end().inputs
    return found


def test_a_file_opened_through_fsspec_is_an_input_with_its_version(files: FileWatch, address: str) -> None:
    files.begin()
    with fsspec.open(f"{address}/x.csv") as file:
        assert file.read() == BODY
    found = the_input(files)
    assert (found.path, found.size, found.version) == (f"{address}/x.csv", 8, "v7")
    assert (found.seen, found.digest, found.is_remote) == (("remote",), None, True)


def test_a_file_fetched_whole_is_an_input_with_its_version(files: FileWatch, address: str) -> None:
    files.begin()
    assert fsspec.filesystem("http").cat_file(f"{address}/x.csv") == BODY
    found = the_input(files)
    assert (found.path, found.size, found.version, found.seen) == (f"{address}/x.csv", 8, "v7", ("remote",))


def test_what_pandas_downloads_is_known_by_its_version_and_its_table(files: FileWatch, address: str) -> None:
    files.begin()
    df = pd.read_csv(f"{address}/x.csv")
    found = the_input(files)
    assert (found.path, found.size, found.version) == (f"{address}/x.csv", 8, "v7")
    assert found.seen == ("audit", "reader", "remote")
    assert files.frames.named({"df": df}) == {"df": f"{address}/x.csv"}


def test_an_address_that_polars_fetches_itself_is_known_without_version(files: FileWatch, address: str) -> None:
    files.begin()
    pl.scan_csv(f"{address}/x.csv")
    found = the_input(files)
    assert (found.path, found.version, found.seen) == (f"{address}/x.csv", "", ("reader",))


def test_secrets_in_an_address_are_not_kept(files: FileWatch, address: str) -> None:
    files.begin()
    urllib.request.urlopen(f"{address}/x.csv?token=abcdefgh12345678").close()
    assert "abcdefgh12345678" not in the_input(files).path


def test_what_fails_to_open_fails_as_ever_and_is_no_input(files: FileWatch, address: str) -> None:
    files.begin()
    with pytest.raises(FileNotFoundError):
        fsspec.filesystem("http").cat_file(f"{address}/missing")
    assert files.end().inputs == ()


def test_between_cells_and_after_closing_nothing_is_noted_and_nothing_stays_patched(
    files: FileWatch, address: str
) -> None:
    assert "fsspec.spec.AbstractFileSystem.open" in files.patched()
    files.close()
    assert files.patched() == ()
    files.begin()
    with fsspec.open(f"{address}/x.csv") as file:
        file.read()
    assert files.end().inputs == ()
