"""Who may come in, and how much of the service is theirs."""
