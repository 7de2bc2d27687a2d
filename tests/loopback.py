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
        if isinstance(answer, int):
            self.send_error(answer)
        elif isinstance(answer, bytes):
            self._send(answer, {})
        else:
            answer(self)

    def _send(self, body, headers, length=None):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for header in headers.items():
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Site:
    """``answers``: path -> bytes, a status, a list of these in turn, or one of the functions below.

    ``requests``: the paths that were asked for.
    """

    def __init__(self):
        self.answers, self.requests, self.address = {}, [], ""
        self.closing = threading.Event()

    def half(self, body):
        """Promise the body, send half of it and hang up."""

        def answer(handler):
            handler._send(body[: len(body) // 2], {}, length=len(body))
            handler.close_connection = True

        return answer

    def silence(self):
        """Never answer."""
        return lambda handler: self.closing.wait(20)

    def elsewhere(self, address):
        """Send the client on to another address."""

        def answer(handler):
            handler.send_response(302)
            handler.send_header("Location", address)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        return answer

    def unpacked_by_clients(self, body):
        """Send a .gz file labelled as compressed on the way, so that clients unpack it."""
        return lambda handler: handler._send(body, {"Content-Encoding": "gzip"})

    def endless(self):
        """Send zeros, folded small, without telling how many."""

        def answer(handler):
            handler.send_response(200)
            handler.send_header("Content-Encoding", "gzip")
            handler.end_headers()
            handler.wfile.write(gzip.compress(bytes(64 * 1024 * 1024), 1))
            handler.close_connection = True

        return answer


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
