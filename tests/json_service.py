"""A service on loopback that answers each POST of JSON as a test wants it answered."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import sleep


class JsonService:
    """Answers as ``answer`` says, which a child gives. ``body`` is sent in place of an answer."""

    def __init__(self, *, status):
        self.asked = []
        self.headers = []
        self.status = status
        self.silent_seconds = 0.0
        self.body = None
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.asked.append((self.path, asked))
                service.headers.append(dict(self.headers))
                octets = service.body if service.body is not None else service.answer(asked)
                sleep(service.silent_seconds)
                try:
                    self.send_response(service.status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(octets)))
                    self.end_headers()
                    self.wfile.write(octets)
                except OSError:  # the house did not wait
                    pass

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def origin(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
