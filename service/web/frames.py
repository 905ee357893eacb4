"""What the reference and the schemas say of a frame: who sends it when, its fields, and an example. No I/O."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from service.chat.client_messages import ClientMessage

ID = "The turn that this is about, under the name that its question had, or got."
TOKEN = "c0ffee00c0ffee00c0ffee00c0ffee00"  # noqa: S105 - of the examples, as what follows
CONVERSATION, MESSAGE = "6f9aeb3d-3b0c-4a57-9d3c-7f0a4d9a4a52", "96fc2a13-4564-436c-a852-ede12dce3d16"
UPLOAD = "1594a940-2fb9-4689-bb0d-fa414ad8809f"


class Frame(NamedTuple):
    """`example` is whole, and encoded as each frame of its kind; `fields` has a text for each but the type."""

    meaning: str
    fields: Mapping[str, str]
    example: msgspec.Struct

    @property
    def kind(self) -> type[msgspec.Struct]:
        return type(self.example)

    @property
    def type(self) -> str:
        return str(self.kind.__struct_config__.tag)

    @property
    def json(self) -> str:
        """As it goes over the wire; a client's without what holds anyway."""
        if not isinstance(self.example, ClientMessage):
            return msgspec.json.encode(self.example).decode()
        usual = {field.name: field.default for field in msgspec.structs.fields(self.example)}
        written = msgspec.to_builtins(self.example).items()
        return msgspec.json.encode({name: value for name, value in written if value != usual.get(name, ...)}).decode()
