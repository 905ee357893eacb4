"""WebSocket clients: connections, sessions, turns, messages."""
