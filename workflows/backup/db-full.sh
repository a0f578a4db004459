#!/usr/bin/env bash
# A full backup of TARGET: a compressed dump by pg_dump when a database is given, otherwise an archive of a folder.
#
#   TARGET        what the backup is called, such as "production"; letters, digits, . _ and -
#   DATABASE_URL  postgres://… of the database to dump; default: Millrace's own, which the server grants to backup/*
#                 (executor.script_env). What a caller sets is recorded with the run: leave the password out of it and
#   PGPASSFILE    name the executor's file that holds it
#   SOURCE        folder to archive instead; without pg_dump, or with one that is too old, a small sample is archived
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

directory=${BACKUP_DIR:-/tmp/millrace-backups}
name=$target-$(date -u +%Y%m%dT%H%M%SZ)-$$
mkdir -p "$directory"
work=$(mktemp -d)
trap 'rm -rf "$work" "$directory/$name".*.partial' EXIT

dump() {
  method=pg_dump file=$directory/$name.dump
  echo "::progress 10 dumping the database of $target"
  pg_dump --format=custom --no-password --file="$file.partial" "$1" && pg_restore --list "$file.partial" >/dev/null
}

archive() {
  method=tar file=$directory/$name.tar.gz
  local source=${SOURCE:-$work/sample}
  if [[ -z ${SOURCE:-} ]]; then
    mkdir "$source"
    echo "a sample of $target, taken as $name" >"$source/README"
  fi
  echo "::progress 10 archiving ${source##*/}"
  tar --create --gzip --file="$file.partial" --directory="$source" .
  tar --list --gzip --file="$file.partial" >/dev/null
}

if [[ -n ${DATABASE_URL:-} ]]; then
  dump "$DATABASE_URL" # what was asked for by name must not silently become something else
elif [[ -n ${SOURCE:-} || -z ${MILLRACE_DATABASE_URL:-} ]] || ! command -v pg_dump >/dev/null; then
  archive
else
  dump "$MILLRACE_DATABASE_URL" || archive # pg_dump refuses a server that is newer than itself
fi

sha256=$(sha256sum "$file.partial" | cut -d' ' -f1)
bytes=$(wc -c <"$file.partial")
mv "$file.partial" "$file"

echo "::progress 100 done"
quoted=$(printf '%s' "$file" | sed 's/[\\"]/\\&/g')
printf '{"target":"%s","method":"%s","file":"%s","bytes":%d,"sha256":"%s"}\n' \
  "$target" "$method" "$quoted" "$bytes" "$sha256" | tee "${MILLRACE_OUTPUT:-/dev/null}"
