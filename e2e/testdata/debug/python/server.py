"""The shop's api in Python, as far as the tests of debuggers need it."""
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        answer = {"hostname": "python", "servedBy": os.environ["SHOP_WHERE"], "pid": os.getpid()}
        if self.path == "/orders":
            token = os.environ["API_TOKEN"]
            answer = {"takenBy": "python", "signed": len(token)}  # breakpoint
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


host, port = os.environ["SHOP_LISTEN"].split(":")
ThreadingHTTPServer((host, int(port)), Api).serve_forever()
