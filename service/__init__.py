"""A realtime service beside Dify: questions over WebSockets, answers streamed back."""

__version__ = "0.1.0"
