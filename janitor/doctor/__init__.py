"""First contact: is all in order here and at the server, and what may stand in janitor.yaml."""
