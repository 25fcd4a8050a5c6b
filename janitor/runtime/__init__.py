"""What every part runs on: clocks, threads, interruption, signals, processes, extras."""
