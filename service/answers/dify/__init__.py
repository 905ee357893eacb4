"""Dify as a source of answers, and its other routes. Only `client` talks HTTP.

Source of the facts in this package: Dify, api-reference; recordings of Dify 1.12.1; its own agent strategies.
"""
