"""A server on the loopback, and data sets that point to it."""

import hashlib
import http.server
import threading

import pytest


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what the server has been told, in the order of `answers`, then the last."""

    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        status, content = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def server():
    """Return a server; ``answers`` is a list of (status, bytes), ``asked`` the paths asked for."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.answers, server.asked = [(404, b"")], []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def publish(server, monkeypatch):
    """Return ``publish(module, name, content)``: a data set's file is this, on the server."""

    def change(module, name, content):
        remote = getattr(module, name)
        url = f"http://127.0.0.1:{server.server_port}/{remote.filename}"
        checksum = hashlib.sha256(content).hexdigest()
        monkeypatch.setattr(module, name, remote._replace(url=url, checksum=checksum))
        server.answers = [(200, content)]

    return change
