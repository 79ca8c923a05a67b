"""`python -m app bench`: what this server does under load, next to others, on the machine it runs on."""
