"""First contact: checks of this machine and the server, and a first janitor.yaml."""
