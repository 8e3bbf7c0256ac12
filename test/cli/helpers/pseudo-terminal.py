"""Runs a program in a pseudo terminal, as whoever sits before it.

usage: pseudo-terminal.py program [argument...]

Lines on standard input are what that person does: `type <hex>` types these bytes, `close` closes the terminal. What the
program shows goes to standard output. Standard error tells `pid <number>` first and `ended <status>` last, the status
being that of waitpid(2).
"""
import os
import pty
import select
import sys
import threading

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
print("pid", pid, file=sys.stderr, flush=True)


def wait():
    _, status = os.waitpid(pid, 0)
    print("ended", status, file=sys.stderr, flush=True)


waiting = threading.Thread(target=wait)
waiting.start()
sources = [0, terminal]
while waiting.is_alive():
    for source in select.select(sources, [], [], 0.05)[0]:
        try:
            read = os.read(source, 65536)
        except OSError:  # EIO: the program has ended
            read = b""
        if read == b"":
            sources.remove(source)
        elif source == terminal:
            os.write(1, read)
        else:
            for line in read.split(b"\n"):
                if line.startswith(b"type "):
                    os.write(terminal, bytes.fromhex(line[5:].decode()))
                elif line == b"close":
                    sources.remove(terminal)
                    os.close(terminal)
waiting.join()
if terminal in sources:
    try:
        while select.select([terminal], [], [], 0)[0]:
            os.write(1, os.read(terminal, 65536))
    except OSError:  # EIO: that was all
        pass
