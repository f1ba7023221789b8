# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP proxy on loopback whose way to the server is as bad as a test wants it."""
import os
import socket
import struct
import threading
import time


class TcpProxy:
    """What becomes of the server's answers: `mode` may change at any time, and ends the connections that there are.

    pass        all of them, as they come
    slow        100 bytes, then a twentieth of a second
    cut         the connection is closed after `after` bytes
    reset       the same, without a word
    stall       nothing more after `after` bytes, and the connection stays
    silent      nothing at all
    garbage     after `after` bytes others than those that were sent
    starttls    StartTLS is agreed to, and then nothing
    """
    STARTTLS_AGREED = bytes.fromhex("300c02010178070a010004000400")

    def __init__(self, port):
        self.target, self.mode, self.after = port, "pass", 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open, self.lock, self.seen = set(), threading.Lock(), 0
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, mode, after=0):
        self.mode, self.after = mode, after
        with self.lock:
            ends, self.open = self.open, set()
        for one in ends:
            _end(one)

    def close(self):
        self.listener.close()
        self.set("silent")

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.seen += 1
            threading.Thread(target=self._serve, args=(client, self.mode, self.after), daemon=True).start()

    def _keep(self, *ends):
        with self.lock:
            self.open.update(ends)

    def _serve(self, client, mode, after):
        self._keep(client)
        try:
            if mode in ("silent", "starttls"):
                while client.recv(65536):
                    if mode == "starttls":
                        client.sendall(self.STARTTLS_AGREED)
                        mode = "silent"
                return
            server = socket.create_connection(("127.0.0.1", self.target), 5)
            self._keep(server)
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            _answers(server, client, mode, after)
        except OSError:
            pass
        finally:
            if mode not in ("stall", "silent"):
                _end(client)


def _copy(source, to):
    try:
        while True:
            part = source.recv(65536)
            if not part:
                break
            to.sendall(part)
    except OSError:
        pass
    _end(to)


def _answers(server, client, mode, after):
    sent = 0
    while True:
        part = server.recv(100 if mode == "slow" else 65536)
        if not part:
            return
        if mode == "slow":
            time.sleep(0.05)
        if mode in ("pass", "slow") or sent + len(part) <= after:
            client.sendall(part)
            sent += len(part)
            continue
        client.sendall(part[:after - sent])
        if mode == "garbage":
            client.sendall(os.urandom(len(part)))
        elif mode == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif mode == "stall":
            while server.recv(65536):
                pass
        return


def _end(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()
