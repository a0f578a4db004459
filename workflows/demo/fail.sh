#!/usr/bin/env bash
# Fails on purpose, to see what a failure looks like: the exit code and the last lines of stderr tell why.
echo "looking for the file that is never there"
echo "cannot read /nonexistent/orders.csv: no such file" >&2
exit 3
