"""What the service said in a test, to anybody and in its log, held against what it must never say."""

import json
import re
from urllib.parse import urlsplit

from service.settings import declarations

SHORTEST_SECRET = 8  # "app-x" is a word, too
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}")
_RESUME_TOKEN = re.compile(r'"resume_token": ?"([0-9a-f]{32})"')
_SECRET_SETTINGS = {field.name for field, declaration in declarations() if declaration.secret}


class Told:
    """`heard` by clients: frames, replies, pages. `logged`: events and lines of consoles."""

    def __init__(self):
        self.heard = []
        self.logged = []
        self._secrets = set()

    def keep(self, settings):
        """The secrets among these settings, by name in any case; of a URL its password."""
        values = {name: str(value) for name, value in settings.items() if name.lower() in _SECRET_SETTINGS}
        passwords = {urlsplit(value).password for value in values.values() if "://" in value}
        self._secrets |= {it for it in {*values.values(), *passwords} if it and len(it) >= SHORTEST_SECRET}

    def leaks(self):
        """A resume token is its client's, and nobody else's: it is told, and never logged."""
        heard, logged = "\n".join(map(str, self.heard)), "\n".join(map(str, self.logged))
        secrets = {secret for secret in self._secrets if secret in heard or secret in logged}
        tokens = {token for token in _RESUME_TOKEN.findall(heard) if token in logged}
        return sorted(secrets | tokens | {*_JWT.findall(heard), *_JWT.findall(logged)})

    def log(self, events):
        self.logged += (json.dumps(event, default=repr) for event in events)


told = Told()


def forget():
    told.__init__()
