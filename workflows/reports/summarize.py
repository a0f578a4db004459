#!/usr/bin/env python3
"""Statistics of the numbers in the input: count, sum, mean, median, standard deviation, extremes."""

import json
import os
import statistics
import sys


def main() -> None:
    with open(os.environ["MILLRACE_INPUT"], encoding="utf-8") as file:
        numbers = json.load(file)["numbers"]

    print(f"::progress 50 summarizing {len(numbers)} numbers")
    summary = {
        "count": len(numbers),
        "sum": sum(numbers),
        "mean": statistics.fmean(numbers),
        "median": statistics.median(numbers),
        "stdev": statistics.stdev(numbers) if len(numbers) > 1 else 0.0,
        "min": min(numbers),
        "max": max(numbers),
    }

    with open(os.environ["MILLRACE_OUTPUT"], "w", encoding="utf-8") as file:
        json.dump(summary, file)
    print(f"mean {summary['mean']:g}, median {summary['median']:g}", file=sys.stderr)


if __name__ == "__main__":
    main()
