"""What a WebSocket client meets."""
