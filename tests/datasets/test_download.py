"""Files from a local server: complete, or an error that says what to do."""

import hashlib
import io
import pickle

import numpy as np
import pytest

from sklearn_slr.datasets._download import FOLDER, PlainUnpickler, fetch_file

CONTENT = b"grades of retinas"


@pytest.fixture
def file(server):
    server.responses = [(200, CONTENT)]
    url = f"http://127.0.0.1:{server.server_port}/grades.bin"
    checksum = hashlib.sha256(CONTENT).hexdigest()
    return {"filename": "grades.bin", "url": url, "checksum": checksum}


def test_a_file_is_downloaded_once(file, server, tmp_path):
    path = fetch_file(**file, data_home=tmp_path)
    assert path == tmp_path / FOLDER / "grades.bin"
    assert path.read_bytes() == CONTENT
    assert fetch_file(**file, data_home=tmp_path) == path
    assert fetch_file(**file, data_home=tmp_path, download_if_missing=False) == path
    assert server.requests == ["/grades.bin"]


@pytest.mark.filterwarnings("ignore:Retry downloading")
def test_a_failed_download_is_repeated(file, server, tmp_path):
    server.responses = [(503, b""), (503, b""), (200, CONTENT)]
    assert fetch_file(**file, data_home=tmp_path, delay=0).read_bytes() == CONTENT
    assert len(server.requests) == 3


@pytest.mark.filterwarnings("ignore:Retry downloading")
def test_a_server_that_keeps_failing_is_reported_and_leaves_no_file(file, server, tmp_path):
    server.responses = [(503, b"")]
    with pytest.raises(OSError, match=r"could not be downloaded.*503.*put it at .*grades\.bin"):
        fetch_file(**file, data_home=tmp_path, n_retries=2, delay=0)
    assert len(server.requests) == 3
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_an_unreachable_server_is_reported(file, server, tmp_path):
    file["url"] = "http://127.0.0.1:9/grades.bin"
    with pytest.raises(OSError, match="by other means and put it at"):
        fetch_file(**file, data_home=tmp_path, n_retries=0)


def test_a_file_with_another_checksum_is_refused(file, server, tmp_path):
    server.responses = [(200, CONTENT[:-1] + b"!")]
    with pytest.raises(OSError, match=r"(?i)sha256"):
        fetch_file(**file, data_home=tmp_path)
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_nothing_is_downloaded_without_permission(file, server, tmp_path):
    with pytest.raises(OSError, match=r"is missing, and download_if_missing is False\. Download"):
        fetch_file(**file, data_home=tmp_path, download_if_missing=False)
    (tmp_path / FOLDER / "grades.bin").write_bytes(b"something else")
    with pytest.raises(OSError, match=r"has SHA256 .*; expected "):
        fetch_file(**file, data_home=tmp_path, download_if_missing=False)
    assert server.requests == []


def test_a_damaged_file_is_downloaded_again(file, server, tmp_path):
    fetch_file(**file, data_home=tmp_path).write_bytes(CONTENT[:5])
    with pytest.warns(UserWarning, match="differs from expected"):
        path = fetch_file(**file, data_home=tmp_path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("protocol", [2, 3, 4])  # the published files use 2
def test_plain_arrays_are_read(protocol):
    content = {"labels": np.arange(5), "rows": np.eye(2, dtype=np.uint8), "names": ["a", b"b"]}
    found = PlainUnpickler(io.BytesIO(pickle.dumps(content, protocol=protocol))).load()
    np.testing.assert_array_equal(found["labels"], content["labels"])
    np.testing.assert_array_equal(found["rows"], content["rows"])
    assert found["names"] == content["names"]


class Hostile:
    def __reduce__(self):
        return (eval, ("open('touched', 'w')",))


def test_a_pickle_that_calls_other_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.eval; expected a file of plain"):
        PlainUnpickler(io.BytesIO(pickle.dumps(Hostile()))).load()
    assert list(tmp_path.iterdir()) == []
