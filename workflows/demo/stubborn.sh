#!/usr/bin/env bash
# Ignores SIGTERM, and so does its child. Cancel it, or let its time run out: both processes are killed after the grace time.
trap '' TERM INT HUP

# A child inherits what its parent ignores.
sleep "${DURATION:-3600}" &
child=$!

echo "::progress 1 pid $$ and its child $child ignore SIGTERM"
while kill -0 "$child" 2>/dev/null; do
  wait "$child"
done
