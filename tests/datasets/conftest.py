"""A local server, and data sets whose addresses point to it."""

import hashlib
import http.server
import threading

import pytest


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends the server's `responses` in order, and then repeats the last one."""

    def do_GET(self):
        server, responses = self.server, self.server.responses
        server.requests.append(self.path)
        status, content = responses.pop(0) if len(responses) > 1 else responses[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Print nothing."""


@pytest.fixture
def server():
    """Return a server; `responses` is a list of (status, bytes), `requests` a list of paths."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.responses, server.requests = [(404, b"")], []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def publish(server, monkeypatch):
    """Return ``publish(module, name, content)``, which puts a data set's file on the server."""

    def publish(module, name, content):
        file = getattr(module, name)
        url = f"http://127.0.0.1:{server.server_port}/{file['filename']}"
        checksum = hashlib.sha256(content).hexdigest()
        monkeypatch.setattr(module, name, {**file, "url": url, "checksum": checksum})
        server.responses = [(200, content)]

    return publish
