"""Clients of the SMTP door that go on through every crash and remember what was answered 250."""
import socket
import threading
import time

from lib.processes import START_LIMIT_S

REPLY_LIMIT_S = 20
BODY = "A line of forty bytes in this message..\r\n"


def smtp_address(service):
    """(host, port) of the next listener of a service just started."""
    line = service.child.line_that(lambda text: text.strip().startswith("smtp="), START_LIMIT_S)
    host, _, port = line.strip().removeprefix("smtp=").rpartition(":")
    return host, int(port)


class Connection:
    def __init__(self, at):
        self.socket = socket.create_connection(at, REPLY_LIMIT_S)
        self.lines = self.socket.makefile("rb")
        self.reply()
        self.command("EHLO client.test\r\n")

    def reply(self):
        while True:
            line = self.lines.readline()
            if not line:
                raise ConnectionError("closed")
            if line[3:4] == b" ":
                return int(line[:3])

    def command(self, text):
        self.socket.sendall(text.encode())
        return self.reply()

    def submit(self, recipient, lines):
        """True when the answer to the message was 250."""
        self.socket.sendall(f"MAIL FROM:<o@shop.test>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode())
        replies = [self.reply() for _ in range(3)]
        if replies[2] != 354:
            return False
        head = f"From: Shop <o@shop.test>\r\nTo: {recipient}\r\nSubject: Order\r\n\r\n"
        return self.command(head + BODY * lines + ".\r\n") == 250

    def close(self):
        self.lines.close()
        self.socket.close()


class Submitters:
    """`answered`: the numbers whose 250 was read. `address(number)` makes a recipient.

    `note(number)` is called, on the client's thread, as soon as a 250 was read.
    """

    def __init__(self, clients, address, pause_s, note=lambda number: None, most=1 << 40):
        self.answered = []
        self.attempted = 0
        self.address = address
        self.pause_s = pause_s
        self.note = note
        self.most = most  # numbers tried; then the clients end
        self._at = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(clients)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def go_to(self, at):
        """The listener's address from now on; None while there is none."""
        self._at = at

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _next(self):
        with self._lock:
            self.attempted += 1
            return self.attempted

    def _run(self, client):
        connection, at = None, None
        while not self._stopping.is_set() and self.attempted < self.most:
            try:
                if at != self._at or connection is None:
                    if connection:
                        connection.close()
                    connection, at = None, self._at
                    connection = Connection(at) if at else None
                if connection:
                    number = self._next()
                    # One in four is large enough for a segment file.
                    if connection.submit(self.address(number), 200 if number % 4 == 0 else 3 + client):
                        self.answered.append(number)
                        self.note(number)
            except OSError:
                connection = None
            time.sleep(self.pause_s)
        if connection:
            connection.close()
