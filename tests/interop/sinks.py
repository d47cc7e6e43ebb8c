"""What the tests of mailsink as a program share."""

import errno
import threading

import harness
import messages
from wire import Peer, stuff

# The three ways in which a file can get its name; see spool.hpp.
BY_DESCRIPTOR, BY_PROC = (), (f"by_descriptor={errno.ENOENT}",)
BY_PART = (f"tmpfile={errno.EOPNOTSUPP}",)
BY_LINK = (*BY_PART, f"renameat2={errno.EINVAL}")
WAYS = {"by descriptor": BY_DESCRIPTOR, "by /proc": BY_PROC, "by part": BY_PART, "by part and link": BY_LINK}
ENVELOPE = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"


def body(text):
    return messages.EMPTY_BODY + text.encode() + b"\r\n"


class Sinks(harness.Case):
    @classmethod
    def require(cls):
        if not harness.faults:
            raise harness.Missing("--faults is not given")

    def failing_sink(self, *calls, options=(), **more):
        return self.sink(*options, env=harness.failing(*calls), **more)

    def deliver(self, sink, content, expected=250):
        with Peer(sink.port) as peer:
            peer.envelope()
            peer.send(stuff(content))
            self.assertEqual(peer.code(), expected, "reply to the content")

    def send_all(self, sinks, each):
        """So many messages to each of them at once, all different. Returns the contents."""
        sent = [[body(f"{s} {n}") for n in range(each)] for s in range(len(sinks))]
        failures = []

        def client(sink, contents):
            try:
                with Peer(sink.port) as peer:
                    peer.code(), peer.ask(b"EHLO client.example")
                    for content in contents:
                        peer.send(ENVELOPE + stuff(content))
                        codes = [peer.code() for _ in range(4)]
                        assert codes == [250, 250, 354, 250], codes
            except Exception as failure:  # handed to the thread that asks
                failures.append(failure)
        threads = [threading.Thread(target=client, args=pair) for pair in zip(sinks, sent)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        return sum(sent, [])
