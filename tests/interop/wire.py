"""What really went over the wire, recorded by a proxy, and an independent reading of it."""

import socket
import threading
import time


class Session:
    """One recorded connection."""

    def __init__(self):
        self.client = bytearray()  # what the client sent
        self.server = bytearray()  # what the server sent
        self.pumps = []


class Recorder:
    """A TCP proxy on 127.0.0.1 that keeps every octet of both directions. So many connections must be there before the
    first octet is passed on: then they are open at once, however slow the machine is."""

    def __init__(self, port, together=1):
        self.target = ("127.0.0.1", port)
        self._together = together
        self._held_back = []
        self.sessions = []
        self.peak = 0
        self._open = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            session = Session()
            with self._lock:
                self.sessions.append(session)
                self._open += 1
                self.peak = max(self.peak, self._open)
            try:
                server = socket.create_connection(self.target, timeout=10)
            except OSError:
                client.close()
                self._closed()
                continue
            for side in (client, server):
                side.settimeout(60)
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._held_back.append((session, client, server))
            if len(self.sessions) >= self._together:
                for connection in self._held_back:
                    self._start(*connection)
                self._held_back = []

    def _start(self, session, client, server):
        up = threading.Thread(target=_pump, args=(client, server, session.client), daemon=True)
        down = threading.Thread(target=self._pump_and_close, args=(server, client, session.server, up), daemon=True)
        session.pumps = [up, down]
        up.start()
        down.start()

    def _pump_and_close(self, source, sink, record, up):
        _pump(source, sink, record)
        up.join(60)
        source.close()
        sink.close()
        self._closed()

    def _closed(self):
        with self._lock:
            self._open -= 1

    def finish(self, timeout=20):
        """Waits until every connection has ended, so that the records are whole, and stops listening."""
        deadline = time.monotonic() + timeout
        self.close()
        for session in list(self.sessions):
            for pump in session.pumps:
                pump.join(max(0.0, deadline - time.monotonic()))
                assert not pump.is_alive(), "a connection through the recorder was still open after the client ended"
        return self.sessions

    def close(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()


def _pump(source, sink, record):
    """Copies until the end. Recorded before it is passed on: who saw a reply finds its command in the record."""
    try:
        while octets := source.recv(65536):
            record += octets
            sink.sendall(octets)
    except OSError:
        pass  # a reset: the other direction notices by itself
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def cut_content(stream):
    """Splits at CRLF "." CRLF (the CRLF of the DATA line counts) and undoes the dot-stuffing, naively."""
    stuffed = b"\r\n" + stream
    end = stuffed.find(b"\r\n.\r\n")
    if end < 0:
        return None, b""
    return stuffed[:end + 2].replace(b"\r\n.", b"\r\n")[2:], stuffed[end + 5:]


def reply_codes(stream):
    """The codes of the replies in what a server sent, multi-line replies counted once."""
    return [int(line[:3]) for line in stream.split(b"\r\n") if line[3:4] in (b" ", b"") and line[:3].isdigit()]


class Delivery:
    """One content that was sent whole, and what the server answered (None: nothing)."""

    def __init__(self, content, code):
        self.content = content
        self.code = code


def deliveries(session):
    """Every content in a recorded session, found by walking commands and replies side by side.

    It knows just enough SMTP for the clients at hand, shares no line with the programs under test, and looks at
    nothing but the octets.
    """
    codes = iter(reply_codes(bytes(session.server))[1:])  # the first is the greeting
    rest = bytes(session.client)
    found = []
    chunks = b""
    while rest:
        command, _, rest = rest.partition(b"\r\n")
        code = next(codes, None)
        words = command.upper().split() or [b""]
        if words[0] == b"DATA" and code == 354:
            content, rest = cut_content(rest)
            if content is None:
                break  # the connection ended inside the content
            found.append(Delivery(content, next(codes, None)))
        elif words[0] == b"BDAT":
            size = int(words[1])
            chunks, rest = chunks + rest[:size], rest[size:]
            if words[-1] == b"LAST":
                found.append(Delivery(chunks, code))
                chunks = b""
    return found


class Lines:
    """A socket read by lines. Every wait is bounded by the socket's timeout."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def more(self):
        """Waits for more octets; False when the other side closed."""
        try:
            octets = self.socket.recv(65536)
        except ConnectionError:
            octets = b""
        self.pending += octets
        return bool(octets)

    def line(self):
        """The next line without CRLF; None when the other side closed."""
        while b"\r\n" not in self.pending:
            if not self.more():
                assert not self.pending, f"closed in the middle of a line: {self.pending!r}"
                return None
        line, _, self.pending = self.pending.partition(b"\r\n")
        return line


class Peer(Lines):
    """A hand-driven SMTP client."""

    def __init__(self, port, receive_buffer=None):
        connection = socket.socket()
        connection.settimeout(10)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.connect(("127.0.0.1", port))
        super().__init__(connection)

    def reply(self):
        """(code, lines) of the next reply; (None, lines) when the server closed."""
        lines = []
        while True:
            line = self.line()
            if line is None:
                return None, lines
            lines.append(line)
            assert line[:3].isdigit() and line[3:4] in (b" ", b"-", b""), f"not a reply line: {line!r}"
            if line[3:4] != b"-":
                return int(line[:3]), lines

    def code(self):
        return self.reply()[0]

    def ask(self, command):
        """Sends one command and returns the code of its reply."""
        self.send(command + b"\r\n")
        return self.code()

    def until_closed(self):
        """The codes of all replies until the server closes."""
        codes = []
        while (code := self.code()) is not None:
            codes.append(code)
        return codes

    def envelope(self):
        """Greeting to 354; the content may follow."""
        expected = [("greeting", 220, self.code()), ("EHLO", 250, self.ask(b"EHLO client.example")),
                    ("MAIL", 250, self.ask(b"MAIL FROM:<a@example.com>")),
                    ("RCPT", 250, self.ask(b"RCPT TO:<b@example.com>")), ("DATA", 354, self.ask(b"DATA"))]
        for command, wanted, code in expected:
            assert code == wanted, f"{command} was answered {code}, not {wanted}"


def stuff(content):
    """Dot-stuffing as RFC 5321 4.5.2 words it, with the end of the content."""
    assert content == b"" or content.endswith(b"\r\n")
    return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


class Scripted:
    """A server that follows a script for its one connection: script(lines) with a Lines object."""

    def __init__(self, script, receive_buffer=None):
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.settimeout(10)
        self.port = self._listener.getsockname()[1]
        self._failure = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            connection, _ = self._listener.accept()
            connection.settimeout(10)
            with Lines(connection) as lines:
                self._script(lines)
        except Exception as failure:  # handed to the thread that asks
            self._failure = failure
        finally:
            self._listener.close()

    def finish(self):
        """Waits for the script's end; raises what it raised."""
        self._thread.join(15)
        assert not self._thread.is_alive(), "the scripted server is still waiting for the client"
        if self._failure:
            raise self._failure
