"""What an HTTP caller meets."""
