#!/usr/bin/env bash
# A full backup of TARGET: a compressed dump by pg_dump when a database is given, otherwise an archive of a folder.
#
#   TARGET        what the backup is called, such as "production"; letters, digits, . _ and -
#   DATABASE_URL  postgres://… of the database to dump, by a pg_dump that is not older. What a caller sets is recorded with
#   PGPASSFILE    the run: leave the password out of it and name the executor's file that holds it; or let the operator
#                 hand DATABASE_URL to scripts (executor.script_env)
#   SOURCE        folder to archive when there is no database or no pg_dump; default: a small sample
#   BACKUP_DIR    where backups are kept; default: /tmp/millrace-backups
#
# The file gets its final name only when it is complete and can be read back. The result says where it is.
set -euo pipefail
# A dump is nobody else's business.
umask 077

target=${TARGET:-default}
if [[ ! $target =~ ^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$ ]]; then
  echo "TARGET must be letters, digits, . _ and - (64 at most), not \"$target\"" >&2
  exit 64
fi

database=${DATABASE_URL:-}
directory=${BACKUP_DIR:-/tmp/millrace-backups}
name=$target-$(date -u +%Y%m%dT%H%M%SZ)-$$
mkdir -p "$directory"
work=$(mktemp -d)
trap 'rm -rf "$work" "$directory/$name".*.partial' EXIT

if [[ -n $database ]] && command -v pg_dump >/dev/null; then
  method=pg_dump
  file=$directory/$name.dump
  echo "::progress 10 dumping the database of $target"
  pg_dump --format=custom --no-password --file="$file.partial" "$database"
  echo "::progress 80 reading it back"
  pg_restore --list "$file.partial" >/dev/null
else
  method=tar
  file=$directory/$name.tar.gz
  source=${SOURCE:-$work/sample}
  if [[ -z ${SOURCE:-} ]]; then
    mkdir "$source"
    echo "a sample of $target, taken as $name" >"$source/README"
  fi
  echo "::progress 10 archiving ${source##*/}"
  tar --create --gzip --file="$file.partial" --directory="$source" .
  echo "::progress 80 reading it back"
  tar --list --gzip --file="$file.partial" >/dev/null
fi

sha256=$(sha256sum "$file.partial" | cut -d' ' -f1)
bytes=$(wc -c <"$file.partial")
mv "$file.partial" "$file"

echo "::progress 100 done"
quoted=$(printf '%s' "$file" | sed 's/[\\"]/\\&/g')
printf '{"target":"%s","method":"%s","file":"%s","bytes":%d,"sha256":"%s"}\n' \
  "$target" "$method" "$quoted" "$bytes" "$sha256" | tee "${MILLRACE_OUTPUT:-/dev/null}"
