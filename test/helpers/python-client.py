"""A client of Python's own socket and ssl modules: speaks, half-closes, reads to the end, tells what it heard."""
import json
import socket
import ssl
import sys

wish = json.load(sys.stdin)
wire = socket.create_connection(("127.0.0.1", wish["port"]), timeout=60)
said = {"port": wire.getsockname()[1]}


def talk_plain():
    wire.sendall(wish["say"].encode())
    wire.shutdown(socket.SHUT_WR)
    heard = b""
    while chunk := wire.recv(65536):
        heard += chunk
    return heard, "fin"


def talk_tls():
    context = ssl.create_default_context(cadata=wish["ca"])
    if "identity" in wish:
        context.load_cert_chain(wish["identity"])
    # ssl.SSLSocket cannot half-close; its bytes in our own hands can.
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")

    def until_done(step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                if pending := outgoing.read():
                    wire.sendall(pending)
                chunk = wire.recv(65536)
                if chunk:
                    incoming.write(chunk)
                else:
                    incoming.write_eof()

    until_done(tls.do_handshake)
    said["version"] = tls.version()
    tls.write(wish["say"].encode())
    if wish["half_close"] == "close_notify":
        try:
            tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        wire.sendall(outgoing.read())
    else:
        wire.sendall(outgoing.read())
        wire.shutdown(socket.SHUT_WR)
    heard = b""
    try:
        while chunk := until_done(lambda: tls.read(65536)):
            heard += chunk
    except ssl.SSLZeroReturnError:
        pass
    except ssl.SSLEOFError:
        return heard, "fin"
    return heard, "close_notify"


heard, said["end"] = talk_tls() if "ca" in wish else talk_plain()
said["heard"] = heard.decode()
wire.close()
print(json.dumps(said))
