"""One pass over runs: scan, plan, guards, repair, report. Knows no store and no renderer."""
