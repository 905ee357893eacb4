"""Dify as a source of answers, and what else its API offers a chat. Only `client` talks HTTP."""
