"""An HTTP endpoint of a test's own: checks every signature by the Standard Webhooks specification, without
any code of sluice, and answers as it is told."""
import base64
import hashlib
import hmac
import http.server
import json
import secrets
import ssl
import subprocess
import threading
import time

TOLERANCE_S = 300


def new_secret():
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def self_signed(folder, name="localhost"):
    """(certificate, key) of a host of that name."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                    "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


def is_signed(headers, body, secret):
    """As the specification's reference libraries verify it."""
    if abs(time.time() - int(headers["webhook-timestamp"])) > TOLERANCE_S:
        return False
    text = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    given = [part.partition(",") for part in headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(value, wanted) for version, _, value in given)


class HookReceiver:
    """`script`: answers to come, one a request: a status, (status, headers), "hang" or "cut". Then 204.

    `posts`: (webhook-id, parsed body, answered with 2xx), in order.
    """

    def __init__(self, secret, port=0, certificate=None):
        self.secret = secret
        self.script = []
        self.posts = []
        self.unsigned = 0
        self.stopped = False
        self.connections = 0
        self.let_go = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                receiver.connections += 1
                super().setup()

            def do_POST(self):
                receiver.take(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if self.stopped:  # connections that were kept outlive the listener
            request.close_connection = True
            return
        if not is_signed(request.headers, body, self.secret):
            self.unsigned += 1
            request.send_error(401)
            return
        answer = self.script.pop(0) if self.script else 204
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        good = isinstance(status, int) and status < 300
        self.posts.append((request.headers["webhook-id"], json.loads(body), good))
        if status == "hang":
            self.let_go.wait(60)
        if not isinstance(status, int):
            request.close_connection = True
            return
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def taken(self):
        """Events of the batches answered with 2xx, by id once each, in order."""
        out, seen = [], set()
        for identity, body, good in self.posts:
            if good and body["type"] == "events" and identity not in seen:
                seen.add(identity)
                out += body["data"]["events"]
        return out

    def stop(self):
        self.stopped = True
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()
