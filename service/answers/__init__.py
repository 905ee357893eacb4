"""Where answers come from; knows nothing of WebSockets."""
