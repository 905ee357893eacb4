"""HTTP: pages, /api, /health and /ready."""
