"""A realtime door to a Dify app: questions come in over WebSockets, answers stream back as they are written."""

__version__ = "0.1.0"
