"""What was written in a turn, in order: its text, and the steps and speech between; and readers of it. No I/O."""

from itertools import groupby

import msgspec

from service.answers.base import Replacement, Speech, Step

MAX_PROGRESS_CHARACTERS = 4_000_000
STEP_CHARACTERS = 200
"""What a step takes besides its content, roughly."""


class Delta(msgspec.Struct, frozen=True, gc=False):
    """The text that starts at `offset` (code points); with `replace`, all before it is withdrawn."""

    offset: int
    content: str
    replace: bool = False


Progress = Step | Speech
Update = Delta | Progress
_Entry = str | Replacement | Progress


class AnswerBuffer:
    """`length` is that of the text as it stands, `total_written` that of all that ever was text, in code points.

    `size` is what is kept, in characters. Of steps and speech no more than MAX_EXTRAS_CHARACTERS are.
    """

    __slots__ = ("_progress_size", "entries", "length", "replacements", "total_written")

    def __init__(self) -> None:
        self.entries: list[_Entry] = []
        self.length = 0
        self.total_written = 0
        self.replacements = 0
        self._progress_size = 0

    @property
    def text(self) -> str:
        return "".join([_words(entry) for entry in self.entries if isinstance(entry, str | Replacement)])

    @property
    def size(self) -> int:
        return self.length + self._progress_size

    def write(self, text: str) -> None:
        length = len(text)
        self.entries.append(text)
        self.length += length
        self.total_written += length

    def replace(self, replacement: Replacement) -> None:
        """What is withdrawn is kept nowhere."""
        self.entries = [entry for entry in self.entries if not _is_text(entry)]
        self.entries.append(replacement)
        self.replacements += 1
        self.length = len(replacement.content)
        self.total_written += self.length

    def add_progress(self, progress: Progress) -> bool:
        """False if that is more than can be kept."""
        size = len(progress.content or "") + STEP_CHARACTERS
        if self._progress_size + size > MAX_PROGRESS_CHARACTERS:
            return False
        self._progress_size += size
        self.entries.append(progress)
        return True

    def compact(self) -> None:
        self.entries = _joined(self.entries)

    def progress_before(self, offset: int) -> int:
        """How many steps and pieces of speech come before so much of the text."""
        count = 0
        for entry in self.entries:
            if not offset:
                break
            if isinstance(entry, str | Replacement):
                offset = max(0, offset - len(_words(entry)))
            else:
                count += 1
        return count

    def after(self, offset: int, extras: int) -> list[_Entry]:
        """What there is besides so much of the text, and so many steps and pieces of speech."""
        rest: list[_Entry] = []
        for entry in self.entries:
            if isinstance(entry, str | Replacement):
                words = _words(entry)
                if len(words) > offset or not offset:
                    rest.append(words[offset:] if offset else entry)
                offset = max(0, offset - len(words))
            elif extras:
                extras -= 1
            else:
                rest.append(entry)
        return rest


class Cursor:
    """One reader of a record, who has `offset` code points already.

    If text was withdrawn since the start, or there is less than that, all of it comes anew, as a replacement.
    """

    __slots__ = ("_entries", "_extras", "_offset", "_record", "_replacements", "_seen", "_starts_anew")

    def __init__(self, record: AnswerBuffer, offset: int = 0) -> None:
        self._record = record
        self._starts_anew = offset > record.length or (offset > 0 and record.replacements > 0)
        self._offset = 0 if self._starts_anew else offset
        self._extras = record.progress_before(self._offset)
        self._replacements = record.replacements
        self._entries: list[_Entry] | None = None  # as they were at the last look, and how many were read
        self._seen = 0

    @property
    def is_at_end(self) -> bool:
        return self._entries is self._record.entries and self._seen == len(self._entries)

    def updates(self) -> list[Update]:
        """What has come since the last look, neighbouring texts joined."""
        entries = self._record.entries
        if entries is self._entries and len(entries) == self._seen + 1 and isinstance(entries[-1], str):
            self._seen += 1  # a word more, as nearly always
            delta = Delta(self._offset, entries[-1])
            self._offset += len(delta.content)
            return [delta]
        entries = self._unread()
        self._entries = self._record.entries
        self._seen = len(self._entries)
        self._replacements = self._record.replacements
        return [self._item(entry) for entry in _joined(entries)]

    def _unread(self) -> list[_Entry]:
        record = self._record
        if self._entries is record.entries:
            return record.entries[self._seen :]
        if self._starts_anew:
            self._starts_anew = False
            return [Replacement(""), *record.after(0, 0)]
        return record.after(self._offset if self._replacements == record.replacements else 0, self._extras)

    def _item(self, entry: _Entry) -> Update:
        if not isinstance(entry, str | Replacement):
            self._extras += 1
            return entry
        replaces = isinstance(entry, Replacement)
        delta = Delta(0 if replaces else self._offset, _words(entry), replaces)
        self._offset = delta.offset + len(delta.content)
        return delta


def _joined(entries: list[_Entry]) -> list[_Entry]:
    """Neighbouring texts become one; what a replacement withdraws is left out."""
    if len(entries) == 1:
        return entries
    last = max((index for index, entry in enumerate(entries) if isinstance(entry, Replacement)), default=0)
    kept = [entry for index, entry in enumerate(entries) if index >= last or not _is_text(entry)]
    joined: list[_Entry] = []
    for is_text, run in groupby(kept, _is_text):
        same = list(run)
        joined += [_one(same)] if is_text else same
    return joined


def _is_text(entry: _Entry) -> bool:
    return isinstance(entry, str | Replacement)


def _one(run: list[_Entry]) -> str | Replacement:
    """One text for many; a replacement can only be the first of them."""
    text = "".join([_words(entry) for entry in run if isinstance(entry, str | Replacement)])
    return Replacement(text) if isinstance(run[0], Replacement) else text


def _words(entry: str | Replacement) -> str:
    return entry.content if isinstance(entry, Replacement) else entry
