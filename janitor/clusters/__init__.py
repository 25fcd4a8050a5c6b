"""What schedulers of clusters say about jobs: for dispatchers, and as evidence for a pass.

One module per scheduler. They read, and start nothing.
"""
