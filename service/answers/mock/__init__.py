"""A source of answers that needs no Dify."""
