#!/usr/bin/env bash
# Reports progress once a second for DURATION seconds (10 by default). Watch it: millrace run demo/progress --follow
set -euo pipefail

duration=${DURATION:-10}
if [[ ! $duration =~ ^[0-9]{1,4}$ ]]; then
  echo "DURATION must be a number of seconds, not \"$duration\"" >&2
  exit 64
fi

for ((second = 1; second <= duration; second++)); do
  sleep 1
  echo "::progress $((second * 100 / duration)) second $second of $duration"
  echo "still here after $second s"
done
printf '{"seconds":%d}\n' "$duration"
