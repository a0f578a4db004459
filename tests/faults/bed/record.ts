import { appendFileSync, mkdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestPlatform } from '@millrace/testkit';
import { type Verdict } from '../checker/check.ts';
import { IS_WHOLE } from './selection.ts';

/** Where each row adds its line; `MILLRACE_FAULTS_RECORD` names another file. */
const RECORD_FILE =
  process.env['MILLRACE_FAULTS_RECORD'] ??
  join(import.meta.dirname, '../../../node_modules/.cache/millrace/faults.jsonl');

/** What one run of a row came to. */
export interface RowRecord extends Partial<Omit<Verdict, 'findings'>> {
  readonly row: string;
  /** Which of several tests of a row it is. */
  readonly test?: string;
  readonly seed?: number;
  /** Seconds from the fault until a new run was accepted, executed and answered. */
  readonly recoverySeconds?: number;
  readonly findings?: number;
  readonly [more: string]: unknown;
}

const versionsOf = ({ platform }: TestPlatform) => ({
  node: process.versions.node,
  nats: platform.natsVersion,
  postgres: platform.postgresVersion,
});

/** Prints what a row came to as one JSON line, and adds it to the record. */
export const recordRow = (platform: TestPlatform, record: RowRecord, durability = 'strict'): void => {
  const { row, ...rest } = record;
  const selection = IS_WHOLE ? 'whole' : 'fast';
  const line = JSON.stringify({
    row,
    at: new Date().toISOString(),
    selection,
    versions: versionsOf(platform),
    durability,
    // Of the last minute: times on a machine with much else to do say little.
    load: Math.round(loadavg()[0] ?? 0),
    ...rest,
  });
  process.stdout.write(`${line}\n`);
  mkdirSync(dirname(RECORD_FILE), { recursive: true });
  appendFileSync(RECORD_FILE, `${line}\n`);
};
