"""Another public address of :func:`janitor.sweep.observations.observations`.

``janitor.observations`` is the function, also after ``import janitor.observations``: a module of
that name would hide it.
"""

import sys

from janitor.sweep.observations import COLUMNS, observations

vars(observations).update(observations=observations, COLUMNS=COLUMNS)
sys.modules[__name__] = observations  # type: ignore[assignment] # the name means one object
