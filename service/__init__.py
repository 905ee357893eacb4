"""A realtime service beside Dify: questions over WebSockets, answers streamed back as they are written."""

__version__ = "0.1.0"
