"""Who may ask the service, and from where: tokens, hosts, origins, and the headers of every response."""
