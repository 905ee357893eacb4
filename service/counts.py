"""What this process has counted since it began, where nothing else keeps the number; for /metrics."""

from collections import Counter

dify_errors: Counter[str] = Counter()
"""By reason, a word of the table of failures."""
dify_tries: Counter[str] = Counter()
"""`first` ones, and `again`."""
closes: Counter[int] = Counter()
"""Of connections that this service closed, by close code."""
