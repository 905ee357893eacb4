"""What `python -m service check` prints."""

import sys

from service.answers.base import AnswerError
from service.answers.dify.http_errors import ProxyRefused
from service.check_access import Finding

_FIXES = {
    "name_not_found": "Is the host name in DIFY_API_URL right, and known on this machine?",
    "unreachable": "Does Dify run, at the host and port of DIFY_API_URL?",
    "connect_timeout": "Is there a firewall in between? Is the port in DIFY_API_URL right?",
    "tls_error": "Is it https that Dify speaks at DIFY_API_URL, with a certificate that this machine trusts?",
    "not_dify": "DIFY_API_URL is to be the service API's address, with /v1: see the app's page API Access.",
    "unauthorized": "Copy the app's key, app-…, from its page API Access to DIFY_API_KEY.",
    "switched_off": "Switch the app's API on, on its page API Access.",
    "misconfigured": "Publish the app, and see in Dify that its model has a valid key and quota.",
    "quota": "The model provider's quota is used up: see Dify's settings, Model Provider.",
    "invalid": "The app wants inputs that this check does not know: make them optional, or send them as `inputs`.",
    "silent": "Something listens there, but does not reply as Dify does: look into Dify's log.",
    "first_event_timeout": "Look into Dify's log; an app that needs longer wants a larger DIFY_FIRST_EVENT_TIMEOUT.",
}


class Report:
    """What is found, a line each; `is_ok` until something fails."""

    def __init__(self) -> None:
        self.is_ok = True

    def ok(self, what: str, words: str) -> None:
        _print(f"ok    {what}: {words}")

    def warn(self, what: str, words: str, advice: str) -> None:
        _print(f"warn  {what}: {words}\n      → {advice}")

    def fail(self, what: str, words: str, fix: str) -> None:
        self.is_ok = False
        _print(f"FAIL  {what}: {words}\n      → {fix}")

    def add(self, finding: Finding) -> None:
        if finding.advice:
            self.warn(finding.what, finding.words, finding.advice)
        elif finding.fix:
            self.fail(finding.what, finding.words, finding.fix)
        else:
            self.ok(finding.what, finding.words)

    def failure(self, what: str, error: AnswerError) -> None:
        failure, cause = error.failure, error.__cause__
        fix = _FIXES.get(failure.reason, "Look into Dify's log for the time of this check.")
        if isinstance(cause, ProxyRefused):
            fix = "Does the proxy let this machine through, with these credentials?"
            self.fail(what, f"{failure.reason}: {cause}", fix)
        else:
            self.fail(what, f"{failure.reason}: {failure.cause}", fix)


def _print(text: str) -> None:
    """In what the console can show: not each one has an arrow, or the letters of an app's name."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.replace("→", "->").encode(encoding, "replace").decode(encoding)
    print(text)
