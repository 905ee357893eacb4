"""How fast and light the service is, side by side with the least code that could do its job."""
