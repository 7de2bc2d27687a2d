"""A web server on this machine for tests of downloads, with all that can go wrong on one."""

import gzip
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        site = self.server.site
        site.requests.append(self.path)
        answer = site.answers.get(self.path, 404)
        if isinstance(answer, list):  # one answer a request, the last for all that follow
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer == "silence":
            site.closing.wait(20)
        elif isinstance(answer, int):
            self.send_error(answer)
        else:
            whole = isinstance(answer, bytes)
            self.send(*(200, {"Content-Length": len(answer)}, answer) if whole else answer)

    def send(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Site:
    """``answers``: path -> bytes, a status, a list of these in turn, or one of the answers below.

    ``requests``: the paths that were asked for.
    """

    def __init__(self):
        self.answers, self.requests, self.address = {}, [], ""
        self.closing = threading.Event()

    def half(self, body):
        """Promise the body, send half of it and hang up."""
        return 200, {"Content-Length": len(body)}, body[: len(body) // 2]

    def silence(self):
        """Never answer."""
        return "silence"

    def elsewhere(self, address):
        """Send the client on to another address."""
        return 302, {"Location": address, "Content-Length": 0}, b""

    def unpacked_by_clients(self, body):
        """Send a .gz file labelled as compressed on the way, so that clients unpack it."""
        return 200, {"Content-Encoding": "gzip", "Content-Length": len(body)}, body

    def endless(self):
        """Send zeros, folded small, without telling how many."""
        return 200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(64 * 1024 * 1024), 1)


@contextmanager
def served():
    """A Site that answers on this machine while the block runs."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.site, server.daemon_threads = site, True
    site.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    try:
        yield site
    finally:
        site.closing.set()
        server.shutdown()
        server.server_close()


def nobody():
    """An address on this machine where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"
