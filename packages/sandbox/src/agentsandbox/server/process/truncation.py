"""Keep the head and the tail of an output, and know what the whole was."""

from __future__ import annotations

import hashlib

CONTINUATION_MAX = 3  # a UTF-8 character has at most three bytes after its first


class HeadTail:
    """Collects a stream of bytes and keeps at most ``limit`` of them: the first half and the last half."""

    def __init__(self, limit: int) -> None:
        self.total = 0
        self._head_size = limit // 2
        self._tail_size = limit - self._head_size
        self._head = bytearray()
        self._tail = bytearray()
        self._hash = hashlib.sha256()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self.total += len(data)
        self._hash.update(data)
        room = self._head_size - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 2 * self._tail_size + 65536:
            del self._tail[: len(self._tail) - self._tail_size]

    @property
    def truncated(self) -> bool:
        """Whether something was left out."""
        return self.total > self._head_size + self._tail_size

    @property
    def sha256(self) -> str:
        """SHA-256 of the whole stream, hexadecimal."""
        return self._hash.hexdigest()

    def text(self) -> str:
        """What was kept, as text. Bytes that are no UTF-8 become replacement characters.

        A cut never splits a character; a line in the middle says how many bytes were left out.
        """
        if not self.truncated:
            return bytes(self._head + self._tail).decode("utf-8", "replace")
        head = _whole_head(bytes(self._head))
        tail = _whole_tail(bytes(self._tail[-self._tail_size :]))
        left_out = self.total - len(head) - len(tail)
        return f"{head.decode('utf-8', 'replace')}\n[... {left_out} bytes left out ...]\n{tail.decode('utf-8', 'replace')}"


def _whole_head(data: bytes) -> bytes:
    """``data`` without an unfinished character at its end."""
    for back in range(1, min(CONTINUATION_MAX, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        size = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return data[:-back] if size > back else data
    return data


def _whole_tail(data: bytes) -> bytes:
    """``data`` without the rest of a character at its start."""
    start = 0
    while start < min(CONTINUATION_MAX, len(data)) and data[start] & 0xC0 == 0x80:
        start += 1
    return data[start:]
