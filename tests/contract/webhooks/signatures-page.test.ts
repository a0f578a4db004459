import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { presetNames, type RefusalReason, ruleComplaints } from '@millrace/webhooks';
import { expect, test } from 'vitest';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/signatures.md'), 'utf8');
const ROWS = PAGE.split('\n').flatMap((line) => {
  const [, name] = /^\| `([^`]+)` \|/.exec(line) ?? [];
  return name === undefined ? [] : [{ name, cells: line.split(' | ').map((cell) => cell.replaceAll('|', '').trim()) }];
});
const rowOf = (name: string) => ROWS.find((row) => row.name === name);

test('docs/signatures.md has a row for every preset, and says yes to a time window where there is one', () => {
  expect(presetNames.filter((preset) => rowOf(preset) === undefined)).toEqual([]);
  for (const preset of presetNames) {
    const rule = { preset, toleranceSeconds: 60, ...(preset === 'hmac' ? { header: 'X-Sig' } : {}) };
    const hasWindow = ruleComplaints(rule, ['SECRET']).length === 0;
    expect(rowOf(preset)?.cells[3] !== 'no', preset).toBe(hasWindow);
  }
});

test('docs/signatures.md explains every reason of a refusal', () => {
  const reasons: Record<RefusalReason, true> = {
    missing_signature: true,
    malformed_signature: true,
    bad_signature: true,
    missing_timestamp: true,
    stale_timestamp: true,
    future_timestamp: true,
    no_secret: true,
  };
  expect(Object.keys(reasons).filter((reason) => rowOf(reason) === undefined)).toEqual([]);
});

test('docs/signatures.md explains every member that a rule of one’s own may have', () => {
  const [complaint = ''] = ruleComplaints({ preset: 'hmac', header: 'X-Sig', somethingElseAltogether: 1 }, ['SECRET']);
  const members = complaint.replace(/^.*known are /, '').split(', ');
  expect(members).toHaveLength(8);
  expect(members.filter((member) => rowOf(member) === undefined)).toEqual([]);
});
