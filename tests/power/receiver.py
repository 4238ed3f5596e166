"""The receiver of a power-loss run: it knows at which position of the journal it took each message.

Recipients decide their own fate by their number: one in ten is refused, one in ten is put off once.
"""
import asyncio
import threading

REFUSED, PUT_OFF = 3, 7
ANSWER_S = 0.02


def is_refused(_letter, number):
    return number % 10 == REFUSED


class Receiver:
    """`taken`: (address, position) in order; position is the journal's before the 250 was sent."""

    def __init__(self):
        self.taken = []
        self.clock = lambda: 0
        self._put_off = set()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._started.wait()

    def begin(self, clock=lambda: 0):
        """A new life: what was taken before is another one's."""
        self.taken, self.clock, self._put_off = [], clock, set()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _verdict(self, address):
        number = int(address[1:address.index("@")])
        if number % 10 == REFUSED:
            return b"550 5.1.1 no such mailbox\r\n"
        if number % 10 == PUT_OFF and address not in self._put_off:
            self._put_off.add(address)
            return b"451 4.3.0 come again\r\n"
        return b"250 2.1.5 ok\r\n"

    async def _serve(self, reader, writer):
        try:
            writer.write(b"220 receiver.test ESMTP\r\n")
            await self._session(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _session(self, reader, writer):
        recipients = []
        while True:
            line = await reader.readuntil(b"\r\n")
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-receiver.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
            elif verb == b"RCPT":
                address = line[line.index(b"<") + 1:line.index(b">")].decode()
                verdict = self._verdict(address)
                if verdict.startswith(b"250"):
                    recipients.append(address)
                writer.write(verdict)
            elif verb == b"DATA":
                if not recipients:
                    writer.write(b"503 5.5.1 no recipient\r\n")
                    continue
                writer.write(b"354 go on\r\n")
                while await reader.readuntil(b"\r\n") != b".\r\n":
                    pass
                position = self.clock()
                self.taken += [(address, position) for address in recipients]
                recipients = []
                await asyncio.sleep(ANSWER_S)  # so that several are on their way at any moment
                writer.write(b"250 2.0.0 ok\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                return
            else:
                if verb in (b"MAIL", b"RSET"):
                    recipients = []
                writer.write(b"250 2.0.0 ok\r\n")
