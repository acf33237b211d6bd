"""Where the chat client reads and writes: a terminal, with what one types kept below what comes, or pipes."""

import asyncio
import codecs
import os
import sys
import termios
import tty
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

_CLEAR_LINE = "\r\x1b[2K"
_READ_BYTES = 4_096


class Terminal(Protocol):
    """Lines in, lines out."""

    colours: bool

    def open(self, on_key: Callable[[], None]) -> None:
        """Begin; `on_key` is called while somebody types a text."""

    def close(self) -> None:
        """Leave everything as it was."""

    def show(self, line: str) -> None:
        """Write a line."""

    def status(self, text: str) -> None:
        """Show something that passes, such as who types; "" for nothing."""

    def lines(self) -> AsyncIterator[str]:
        """Yield what is entered, until the end of the input."""


class PipeTerminal:
    """Standard input and output without a terminal behind them."""

    colours = False

    def __init__(self) -> None:
        self._reader = asyncio.StreamReader()

    def open(self, on_key: Callable[[], None]) -> None:
        """Begin; nobody is seen typing here."""

    def close(self) -> None:
        """Nothing was changed."""

    def show(self, line: str) -> None:
        """Write a line at once."""
        print(line, flush=True)

    def status(self, text: str) -> None:
        """Write it as a line like any other."""
        if text:
            self.show(text)

    async def lines(self) -> AsyncIterator[str]:
        """Yield the lines of standard input."""
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(self._reader), sys.stdin)
        while line := await self._reader.readline():
            yield line.decode(errors="replace").rstrip("\r\n")


class TtyTerminal:
    """A real terminal: keys one by one, the line in work drawn again after whatever comes."""

    colours = True

    def __init__(self) -> None:
        self._input = sys.stdin.fileno()
        self._saved: list[Any] = []
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._entered: asyncio.Queue[str | None] = asyncio.Queue()
        self._text = self._status = ""
        self._in_escape = False
        self._on_key: Callable[[], None] = lambda: None

    def open(self, on_key: Callable[[], None]) -> None:
        """Take over the keyboard."""
        self._on_key = on_key
        self._saved = termios.tcgetattr(self._input)
        tty.setcbreak(self._input)
        asyncio.get_running_loop().add_reader(self._input, self._read)
        self._draw()

    def close(self) -> None:
        """Give the keyboard back."""
        if self._saved:
            asyncio.get_running_loop().remove_reader(self._input)
            termios.tcsetattr(self._input, termios.TCSADRAIN, self._saved)
            sys.stdout.write(_CLEAR_LINE)

    def show(self, line: str) -> None:
        """Write a line above the one in work."""
        sys.stdout.write(f"{_CLEAR_LINE}{line}\n")
        self._draw()

    def status(self, text: str) -> None:
        """Show a text before the prompt."""
        if text != self._status:
            self._status = text
            self._draw()

    async def lines(self) -> AsyncIterator[str]:
        """Yield what is entered."""
        while (line := await self._entered.get()) is not None:
            yield line

    def _draw(self) -> None:
        status = f"\x1b[2m({self._status})\x1b[0m " if self._status else ""
        sys.stdout.write(f"{_CLEAR_LINE}{status}> {self._text}")
        sys.stdout.flush()

    def _read(self) -> None:
        data = os.read(self._input, _READ_BYTES)
        if not data:
            self._entered.put_nowait(None)
        for key in self._decode(data):
            self._take(key)
        self._draw()

    def _take(self, key: str) -> None:
        if self._in_escape:  # arrows and the like: ignored up to their last letter
            self._in_escape = not (key.isalpha() or key == "~")
            return
        match key:
            case "\n" | "\r":
                self._entered.put_nowait(self._text)
                self._text = ""
            case "\x04" if not self._text:
                self._entered.put_nowait(None)
            case "\x7f" | "\b":
                self._text = self._text[:-1]
            case "\x15":
                self._text = ""
            case "\x17":
                self._text = self._text.rstrip().rpartition(" ")[0]
            case "\x1b":
                self._in_escape = True
            case _ if key.isprintable():
                self._text += key
                if not self._text.startswith("/"):
                    self._on_key()


def open_terminal() -> Terminal:
    """Return what fits standard input and output."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        return TtyTerminal()
    return PipeTerminal()
