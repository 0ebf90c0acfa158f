"""Files fetched from a server on the loopback: whole, or an error that says what to do."""

import hashlib
import io
import pickle

import numpy as np
import pytest

from sklearn_slr.datasets._download import FOLDER, PlainUnpickler, Remote, fetch_file

CONTENT = b"grades of retinas"


@pytest.fixture
def remote(server):
    server.answers = [(200, CONTENT)]
    url = f"http://127.0.0.1:{server.server_port}/grades.bin"
    return Remote("grades.bin", url, hashlib.sha256(CONTENT).hexdigest())


def test_a_file_is_downloaded_once(remote, server, tmp_path):
    path = fetch_file(remote, tmp_path)
    assert path == tmp_path / FOLDER / "grades.bin"
    assert path.read_bytes() == CONTENT
    assert fetch_file(remote, tmp_path) == path
    assert fetch_file(remote, tmp_path, download_if_missing=False) == path
    assert server.asked == ["/grades.bin"]


@pytest.mark.filterwarnings("ignore:Retry downloading")
def test_a_server_that_fails_is_asked_again(remote, server, tmp_path):
    server.answers = [(503, b""), (503, b""), (200, CONTENT)]
    assert fetch_file(remote, tmp_path, delay=0).read_bytes() == CONTENT
    assert len(server.asked) == 3


@pytest.mark.filterwarnings("ignore:Retry downloading")
def test_a_server_that_goes_on_failing_leaves_nothing_and_is_told(remote, server, tmp_path):
    server.answers = [(503, b"")]
    with pytest.raises(OSError, match=r"could not be downloaded.*503.*put it at .*grades\.bin"):
        fetch_file(remote, tmp_path, n_retries=2, delay=0)
    assert len(server.asked) == 3
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_no_server_at_all_is_told(remote, server, tmp_path):
    gone = remote._replace(url="http://127.0.0.1:9/grades.bin")
    with pytest.raises(OSError, match="by other means and put it at"):
        fetch_file(gone, tmp_path, n_retries=0)


def test_another_file_than_the_published_one_is_refused(remote, server, tmp_path):
    server.answers = [(200, CONTENT[:-1] + b"!")]
    with pytest.raises(OSError, match=r"(?i)sha256"):
        fetch_file(remote, tmp_path)
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_without_leave_nothing_is_downloaded(remote, server, tmp_path):
    with pytest.raises(OSError, match=r"is missing, and download_if_missing is False\. Download"):
        fetch_file(remote, tmp_path, download_if_missing=False)
    (tmp_path / FOLDER / "grades.bin").write_bytes(b"something else")
    with pytest.raises(OSError, match=r"has SHA256 .* is wanted"):
        fetch_file(remote, tmp_path, download_if_missing=False)
    assert server.asked == []


def test_a_damaged_file_is_fetched_again(remote, server, tmp_path):
    fetch_file(remote, tmp_path).write_bytes(CONTENT[:5])
    with pytest.warns(UserWarning, match="differs from expected"):
        path = fetch_file(remote, tmp_path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("protocol", [2, 3, 4])  # the published files have 2
def test_plain_arrays_are_read(protocol):
    content = {"labels": np.arange(5), "rows": np.eye(2, dtype=np.uint8), "names": ["a", b"b"]}
    found = PlainUnpickler(io.BytesIO(pickle.dumps(content, protocol=protocol))).load()
    np.testing.assert_array_equal(found["labels"], content["labels"])
    np.testing.assert_array_equal(found["rows"], content["rows"])
    assert found["names"] == content["names"]


class Hostile:
    def __reduce__(self):
        return (eval, ("open('touched', 'w')",))


def test_a_pickle_that_calls_something_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.eval; a file of plain arrays"):
        PlainUnpickler(io.BytesIO(pickle.dumps(Hostile()))).load()
    assert list(tmp_path.iterdir()) == []
