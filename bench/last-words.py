"""How often a peer's last words arrive when it closes with bytes unread, which makes its system send a RST.

    npm run build && python3 bench/last-words.py [rounds [kind]]

Needs Python 3, haproxy and openssl. Each row is one kind of connection; each cell is "arrived of tried" for direct
connections, through haproxy, and through lb-local, interleaved.

* `upload`: the client sends SIZE bytes; the back-end reads a little, answers, and closes with the rest unread.
* `bye`: the client sends BYE and closes while the back-end sends SIZE bytes that it does not read.
"""

import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SIZES = [10, 70_000, 300_000, 3_000_000, 30_000_000]
PATIENCE = 30


def listener():
    server = socket.create_server(("127.0.0.1", 0), backlog=64)
    return server, server.getsockname()[1]


def serve(server, handle, context=None):
    def accept():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=guarded, args=(handle, connection, context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def guarded(handle, connection, context):
    try:
        connection.settimeout(PATIENCE)
        # Else the system holds small pieces back, and drops them itself when the connection is closed.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        handle(connection)
    except OSError:
        pass
    finally:
        connection.close()


def says_last_words(connection):
    """Takes the beginning, says its last words, and closes with the rest unread."""
    connection.recv(10)
    connection.sendall(b"last words")


def answers_413(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(1024)
        if not part:
            return
        head += part
    connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 10\r\nConnection: close\r\n\r\nlast words")


class Byes:
    """A back-end that sends without end to clients that say BYE."""

    def __init__(self):
        self.heard = 0
        self.over = threading.Semaphore(0)

    def handle(self, connection):
        got = []

        def read():
            try:
                while True:
                    part = connection.recv(4096)
                    if not part:
                        return
                    got.append(part)
            except OSError:
                pass

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            block = b"x" * 65536
            while True:
                connection.sendall(block)
        except OSError:
            pass
        reader.join(PATIENCE)
        if b"BYE" in b"".join(got):
            self.heard += 1
        self.over.release()


def dial(port, tls):
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not tls:
        return connection
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection)


def upload(port, size, tls, http):
    """Sends `size` bytes and reads at the same time. Returns whether the last words came."""
    connection = dial(port, tls)
    body = b"b" * size
    if http:
        body = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % size + body

    def send():
        try:
            connection.sendall(body)
        except OSError:
            pass

    heard = b""
    if tls:
        # Python's TLS sockets are not for two threads: send and receive in turns.
        heard = tls_turns(connection, body)
    else:
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        try:
            while b"last words" not in heard:
                part = connection.recv(65536)
                if not part:
                    break
                heard += part
        except OSError:
            pass
        sender.join(PATIENCE if b"last words" not in heard else 0)
    connection.close()
    return b"last words" in heard


def tls_turns(connection, body):
    connection.setblocking(False)
    heard = b""
    view = memoryview(body)
    until = time.monotonic() + PATIENCE
    sending = True
    while time.monotonic() < until and b"last words" not in heard:
        moved = False
        if sending and len(view) > 0:
            try:
                view = view[connection.send(view[:65536]):]
                moved = True
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                pass
            except OSError:
                sending = False
        try:
            part = connection.recv(65536)
            if not part:
                break
            heard += part
            moved = True
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            break
        if not moved:
            time.sleep(0.0005)
    return heard


def bye(port, size, tls):
    connection = dial(port, tls)
    got = 0
    while got < size:
        part = connection.recv(min(65536, size - got))
        if not part:
            break
        got += len(part)
    connection.sendall(b"BYE")
    connection.close()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    scratch = tempfile.mkdtemp()
    cert, key = os.path.join(ROOT, "certs/web.test.crt"), os.path.join(ROOT, "certs/web.test.key")
    pem = os.path.join(scratch, "web.pem")
    with open(pem, "w", encoding="ascii") as out:
        out.write(open(cert, encoding="ascii").read() + open(key, encoding="ascii").read())
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(cert, key)

    words, words_port = listener()
    serve(words, says_last_words)
    tls_words, tls_words_port = listener()
    serve(tls_words, says_last_words, secure)
    http, http_port = listener()
    serve(http, answers_413)
    byes = Byes()
    bye_server, bye_port = listener()
    serve(bye_server, byes.handle)

    # name, listener of lb-local, what haproxy is told, back-end, whether the client speaks TLS, back-end without either
    kinds = [
        ("tcp", "tcp:1 -> tcp:1", ("tcp", "", ""), words_port, False, words_port),
        ("ssl", "ssl:1 -> tcp:1", ("tcp", f"ssl crt {pem}", ""), words_port, True, tls_words_port),
        ("tcp -> ssl", "tcp:1 -> ssl:1", ("tcp", "", "ssl verify none"), tls_words_port, False, tls_words_port),
        ("http 413", "http:1 -> http:1", ("http", "", ""), http_port, False, http_port),
        ("https 413", "https:1 -> http:1", ("http", f"ssl crt {pem}", ""), http_port, True, http_port),
        ("tcp bye", "tcp:1 -> tcp:1", ("tcp", "", ""), bye_port, False, bye_port),
        ("ssl bye", "ssl:1 -> tcp:1", ("tcp", f"ssl crt {pem}", ""), bye_port, True, None),
    ]
    config = "global\n nbthread 1\ndefaults\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n"
    ports = []
    for index, (_, _, (mode, bind, server), port, _, _) in enumerate(kinds):
        held, number = listener()
        held.close()
        ports.append(number)
        config += f"listen k{index}\n mode {mode}\n bind 127.0.0.1:{number} {bind}\n server a 127.0.0.1:{port} {server}\n"
    path = os.path.join(scratch, "haproxy.cfg")
    with open(path, "w", encoding="ascii") as out:
        out.write(config)
    haproxy = subprocess.Popen(["haproxy", "-q", "-f", path])
    script = f"""
import {{readFileSync}} from 'node:fs';
import {{startEmulator}} from '{ROOT}/dist/index.js';
const emulator = await startEmulator();
const certificate = {{cert: readFileSync('{cert}', 'utf8'), key: readFileSync('{key}', 'utf8')}};
const ports = [];
for (const [listen, port] of {[[kind[1], kind[3]] for kind in kinds]!r}) {{
    const spec = /^(https|ssl)/.test(listen) ? {{listen, certificate}} : listen;
    const lb = await emulator.create({{listeners: [spec], backends: ['127.0.0.1:' + port], name: 'k' + ports.length}});
    ports.push(lb.port(1));
}}
console.log(JSON.stringify(ports));
"""
    ours = subprocess.Popen(["node", "--input-type=module", "-e", script], stdout=subprocess.PIPE, text=True)
    try:
        our_ports = eval(ours.stdout.readline())  # noqa: S307: a list of numbers
        time.sleep(1)
        print("| connection | size | direct | haproxy | lb-local |\n|---|---|---|---|---|", flush=True)
        for index, (name, _, _, _, tls, direct) in enumerate(kinds):
            for size in SIZES if only in name else []:
                tries = max(5, rounds // 4) if size > 1_000_000 else rounds
                ways = [direct, ports[index], our_ports[index]]
                counts = [0, 0, 0]
                for turn in range(tries):
                    for way in (range(3) if turn % 2 == 0 else range(2, -1, -1)):
                        if ways[way] is None:
                            continue
                        if "bye" in name:
                            before = byes.heard
                            bye(ways[way], size, tls)
                            byes.over.acquire(timeout=PATIENCE)
                            counts[way] += byes.heard - before
                        else:
                            speaks = direct == tls_words_port if way == 0 else tls
                            counts[way] += upload(ways[way], size, speaks, "http" in name)
                cells = [f"{count} of {tries}" if ways[way] is not None else "" for way, count in enumerate(counts)]
                print(f"| {name} | {size:,} | {' | '.join(cells)} |", flush=True)
    finally:
        ours.kill()
        haproxy.kill()


main()
