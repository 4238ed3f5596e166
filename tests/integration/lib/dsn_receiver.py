"""A receiver that may offer DSN (RFC 3461) and notes what MAIL and RCPT say; everything is accepted."""
import socketserver
import threading


class DsnReceiver:
    """`commands`: MAIL and RCPT lines in the order they came. `messages`: contents."""

    def __init__(self, offers=True):
        self.offers = offers
        self.commands = []
        self.messages = []
        receiver = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self):
                receiver.serve(self.rfile, self.wfile)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self.server.daemon_threads = True
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, lines, out):
        out.write(b"220 dsn.test ESMTP\r\n")
        for line in lines:
            verb = line[:4].upper()
            if verb == b"EHLO":
                last = b"DSN" if self.offers else b"HELP"
                out.write(b"250-dsn.test\r\n250-8BITMIME\r\n250 " + last + b"\r\n")
            elif verb == b"DATA":
                out.write(b"354 go on\r\n")
                content = b""
                while (part := lines.readline()) not in (b".\r\n", b""):
                    content += part
                self.messages.append(content)
                out.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                out.write(b"221 bye\r\n")
                return
            else:
                if verb in (b"MAIL", b"RCPT"):
                    self.commands.append(line.decode().rstrip())
                out.write(b"250 2.1.0 ok\r\n")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
