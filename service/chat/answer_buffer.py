"""What was written in a turn, in order: text, and steps, speech and files between it; cursors for its readers. No I/O.

Lengths and offsets are Unicode code points.
"""

from dataclasses import dataclass, field
from itertools import groupby

import msgspec

from service.answers.base import AppFile, Replacement, Speech, Step

MAX_PROGRESS_CHARACTERS = 4_000_000
STEP_CHARACTERS = 200
"""About what a step takes besides its content; a file takes three times as much."""


class Delta(msgspec.Struct, frozen=True, gc=False):
    """The text that starts at `offset`; with `replace`, all before it is withdrawn.

    `replacements` is how often the text had been replaced then.
    """

    offset: int
    content: str
    replace: bool = False
    replacements: int = 0


Progress = Step | Speech | AppFile
Update = Delta | Progress
_Entry = str | Replacement | Progress


@dataclass(slots=True, eq=False)
class AnswerBuffer:
    """`length` is the text's as it stands, `total_written` counts withdrawn text, too.

    `revision` changes when entries are not only appended; `replacements` counts how often the text was replaced.
    """

    entries: list[_Entry] = field(default_factory=list)
    length: int = 0
    total_written: int = 0
    revision: int = 0
    replacements: int = 0
    _progress_size: int = 0

    @property
    def text(self) -> str:
        return "".join([_content(entry) for entry in self.entries if isinstance(entry, str | Replacement)])

    @property
    def files(self) -> list[AppFile]:
        """Without those that only withdrawn text named."""
        files: list[AppFile] = []
        for entry in self.entries:
            if isinstance(entry, Replacement):
                files = [file for file in files if file.link is None]
            elif isinstance(entry, AppFile):
                files.append(entry)
        return files

    @property
    def size(self) -> int:
        """What is kept, in characters."""
        return self.length + self._progress_size

    def write(self, text: str) -> None:
        length = len(text)
        self.entries.append(text)
        self.length += length
        self.total_written += length

    def replace(self, replacement: Replacement) -> None:
        """Withdrawn text is not kept."""
        self.entries = [entry for entry in self.entries if not _is_text(entry)]
        self.entries.append(replacement)
        self.revision += 1
        self.replacements += 1
        self.length = len(replacement.content)
        self.total_written += self.length

    def add_progress(self, progress: Progress) -> bool:
        """False where MAX_PROGRESS_CHARACTERS are kept already."""
        size = 3 * STEP_CHARACTERS if isinstance(progress, AppFile) else len(progress.content or "") + STEP_CHARACTERS
        if self._progress_size + size > MAX_PROGRESS_CHARACTERS:
            return False
        self._progress_size += size
        self.entries.append(progress)
        return True

    def compact(self) -> None:
        """Join adjacent texts, to save memory."""
        self.entries = _joined(self.entries)
        self.revision += 1

    @property
    def progress_count(self) -> int:
        """How many steps, pieces of speech and files there are."""
        return len([entry for entry in self.entries if not _is_text(entry)])

    def count_progress(self, offset: int) -> int:
        """How many steps and pieces of speech come before that offset of the text."""
        count = 0
        for entry in self.entries:
            if not offset:
                break
            if isinstance(entry, str | Replacement):
                offset = max(0, offset - len(_content(entry)))
            else:
                count += 1
        return count

    def after(self, offset: int, progress: int) -> list[_Entry]:
        """The entries without so much of the text, and so many steps and pieces of speech."""
        rest: list[_Entry] = []
        for entry in self.entries:
            if isinstance(entry, str | Replacement):
                content = _content(entry)
                if len(content) > offset or not offset:
                    rest.append(content[offset:] if offset else entry)
                offset = max(0, offset - len(content))
            elif progress:
                progress -= 1
            else:
                rest.append(entry)
        return rest


class Cursor:
    """A reader's place: it has the text up to `offset`, and so many `progress` entries (by default those before it).

    `replacements` is how often the text had been replaced when it was read; None where the reader cannot say. If text
    was withdrawn since, or there is less text than that, all of it is read again, as a replacement.
    """

    __slots__ = ("_buffer", "_progress", "_read", "_replacements", "_restarts", "_revision", "offset")

    def __init__(
        self, buffer: AnswerBuffer, offset: int = 0, replacements: int | None = None, progress: int | None = None
    ) -> None:
        self._buffer = buffer
        was_withdrawn = buffer.replacements != (replacements or 0)
        self._restarts = offset > buffer.length or (offset > 0 and was_withdrawn)
        self.offset = 0 if self._restarts else offset
        self._progress = buffer.count_progress(self.offset) if progress is None else progress
        self._replacements = buffer.replacements
        self._revision = -1  # no revision: the place is found by the offset
        self._read = 0  # entries of that revision

    def updates(self) -> list[Update]:
        """What is new since the last call, adjacent texts joined."""
        buffer, entries = self._buffer, self._buffer.entries
        if self._revision == buffer.revision and len(entries) == self._read + 1 and isinstance(entries[-1], str):
            self._read += 1  # the fast path: one more word
            delta = Delta(self.offset, entries[-1])
            self.offset += len(delta.content)
            return [delta]
        unread = self._unread()
        self._revision, self._replacements, self._read = buffer.revision, buffer.replacements, len(entries)
        return [self._update(entry) for entry in _joined(unread)]

    def _unread(self) -> list[_Entry]:
        buffer = self._buffer
        if self._revision == buffer.revision:
            return buffer.entries[self._read :]
        if self._restarts:
            self._restarts = False
            return [Replacement(""), *buffer.after(0, self._progress)]
        return buffer.after(self.offset if self._replacements == buffer.replacements else 0, self._progress)

    def _update(self, entry: _Entry) -> Update:
        if not isinstance(entry, str | Replacement):
            self._progress += 1
            return entry
        replaces = isinstance(entry, Replacement)
        offset = 0 if replaces else self.offset
        delta = Delta(offset, _content(entry), replaces, self._buffer.replacements if replaces else 0)
        self.offset = delta.offset + len(delta.content)
        return delta


def _joined(entries: list[_Entry]) -> list[_Entry]:
    """Adjacent texts become one; text before a replacement is left out."""
    if len(entries) == 1:
        return entries
    last = max((index for index, entry in enumerate(entries) if isinstance(entry, Replacement)), default=0)
    kept = [entry for index, entry in enumerate(entries) if index >= last or not _is_text(entry)]
    joined: list[_Entry] = []
    for is_text, run in groupby(kept, _is_text):
        same = list(run)
        joined += [_concatenated(same)] if is_text else same
    return joined


def _is_text(entry: _Entry) -> bool:
    return isinstance(entry, str | Replacement)


def _concatenated(texts: list[_Entry]) -> str | Replacement:
    """Only the first may be a replacement."""
    text = "".join([_content(entry) for entry in texts if isinstance(entry, str | Replacement)])
    return Replacement(text) if isinstance(texts[0], Replacement) else text


def _content(entry: str | Replacement) -> str:
    return entry.content if isinstance(entry, Replacement) else entry
