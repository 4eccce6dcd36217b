"""Runs one kind of process under cProfile; Python imports this file by its name where its folder is on PYTHONPATH.

`loadtest bench --profile` puts it there. A process whose module (`python -m gateway …`) is the one wanted writes
`<module>-<pid>.pstats` when it ends in order; any other process does not notice.
"""

import atexit
import cProfile
import os
import sys
import time

_MODULE = os.environ.get("LOADTEST_PROFILE_MODULE", "")
_FOLDER = os.environ.get("LOADTEST_PROFILE_FOLDER", "")

if _MODULE and sys.orig_argv[1:4] == ["-m", _MODULE, "serve"]:
    # CPU of this thread: on a busy machine the clock on the wall shows who waited, not who worked
    _profile = cProfile.Profile(time.thread_time_ns, 1e-9)

    def _write() -> None:
        _profile.disable()
        _profile.dump_stats(os.path.join(_FOLDER, f"{_MODULE}-{os.getpid()}.pstats"))

    atexit.register(_write)
    _profile.enable()
