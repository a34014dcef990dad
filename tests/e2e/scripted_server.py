"""A server that says what a test tells it to: for what a page must survive and a healthy weft never sends.

It serves the page's sources with the headers of src/server/web/assets.h and answers chat requests from a script.
"""
import http.server
import json
import pathlib
import re
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
WEB = SOURCE / "src" / "server" / "web"
PACKAGED = {"/assets/marked.min.js": pathlib.Path("/usr/share/javascript/marked/marked.min.js")}
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def security_policy():
    header = (WEB / "assets.h").read_text()
    definition = re.search(r"kWebContentSecurityPolicy =(.*?);\n\n", header, re.S)[1]
    return "".join(re.findall(r'"([^"]*)"', definition))


class Script:
    """What the server does. Set the fields from the test; `requests` holds the bodies that came in."""

    def __init__(self):
        self.state = "ok"
        self.models = ["smollm2"]
        self.api_key = None
        self.refusal = None  # (status, error object)
        self.pieces = ["Hello", " there", "."]
        self.pause_s = 0.0
        self.finish = "stop"
        self.error_after = None  # an error message in mid-stream
        self.drop_after = False  # the connection ends without [DONE]
        self.requests = []
        self.disconnected = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    @property
    def script(self):
        return self.server.script

    def reply(self, status, body, content_type="application/json"):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", security_policy())
        self.end_headers()
        self.wfile.write(body)

    def refused(self):
        if self.script.api_key and self.headers.get("Authorization") != f"Bearer {self.script.api_key}":
            self.reply(401, {"error": {"message": "This server needs an API key.", "type": "authentication_error",
                                       "param": None, "code": "invalid_api_key"}})
            return True
        return False

    def do_GET(self):
        if self.path == "/ready":
            self.reply(200 if self.script.state == "ok" else 503, {"status": self.script.state})
        elif self.path == "/v1/models":
            if not self.refused():
                self.reply(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in self.script.models]})
        else:
            file = PACKAGED.get(self.path)
            if file is None:
                file = WEB / ("index.html" if self.path == "/" else pathlib.Path(self.path).name)
            if file.is_file() and file.suffix in TYPES:
                self.reply(200, file.read_bytes(), TYPES[file.suffix])
            else:
                self.reply(404, {"error": {"message": "no such path"}})

    def do_POST(self):
        self.script.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if self.refused():
            return
        if self.script.refusal:
            status, error = self.script.refusal
            self.reply(status, {"error": error})
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            self.stream()
        except OSError:
            self.script.disconnected.set()
        self.close_connection = True

    def event(self, data):
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())
        self.wfile.flush()

    def stream(self):
        script = self.script
        for piece in script.pieces:
            time.sleep(script.pause_s)
            self.event({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
        if script.error_after:
            self.event({"error": {"message": script.error_after, "type": "internal_error"}})
            return
        if script.drop_after:
            return
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": script.finish}]})
        self.event({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": len(script.pieces),
                                             "total_tokens": 9 + len(script.pieces)}})
        self.wfile.write(b"data: [DONE]\n\n")


class ScriptedServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = Script()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a browser that hangs up is part of the tests
