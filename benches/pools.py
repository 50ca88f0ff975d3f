"""Python's process pools on trivial items: pools.py (joblib | imap) ITEMS

Runs once for each line on standard input, and prints the nanoseconds it took. The pool stands already.
"""

import sys
import time
from multiprocessing import Pool

WORKERS = 2
CHUNK = 1_000


def double(item):
    return item * 2


def runner(which):
    """What runs so many items, and says ready once its workers run."""
    if which == "joblib":
        from joblib import Parallel, delayed

        # loky and automatic batches, both joblib's defaults.
        parallel = Parallel(n_jobs=WORKERS)
        return lambda items: parallel(delayed(double)(item) for item in range(items))
    pool = Pool(WORKERS)
    return lambda items: list(pool.imap(double, range(items), chunksize=CHUNK))


def main():
    which, items = sys.argv[1], int(sys.argv[2])
    try:
        run = runner(which)
    except ImportError as error:
        print(error, flush=True)
        return
    run(WORKERS)
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter_ns()
        results = run(items)
        elapsed = time.perf_counter_ns() - start
        if results[-1] != 2 * (items - 1):
            sys.exit("a wrong result")
        print(elapsed, flush=True)


if __name__ == "__main__":
    main()
