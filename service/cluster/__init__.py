"""Several processes of this service, joined by Redis."""
