"""How fast and how safe a hands-free call is: see __main__.py."""
