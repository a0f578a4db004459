import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HTTP, type CloudEvent as SdkCloudEvent } from 'cloudevents';
import { decodeCommit, encodeCommit, encodeEvent, logSubject, RUN_EVENT_SCHEMAS } from '@millrace/contracts';
import { describe, expect, test } from 'vitest';

const FOLDER = join(import.meta.dirname, 'events');
const files = readdirSync(FOLDER);
const textOf = (file: string): string => readFileSync(join(FOLDER, file), 'utf8').trim();
/** Of logs from before each writer had a subject of its own: what stands there is not asked who wrote it. */
const OLD_SUBJECT = logSubject.commit(0);

describe('golden commits: bytes once written decode for ever', () => {
  test('there is one for every event type', () => {
    // `dispatched.v1+trigger.json` is one more of `dispatched.v1.json`, with members that came later.
    const covered = files.map((file) => `dev.millrace.run.${file.slice(0, -'.json'.length).split('+', 1).join('')}`);
    expect([...new Set(covered)].sort()).toEqual(Object.keys(RUN_EVENT_SCHEMAS).sort());
  });

  test.each(files)('%s decodes, and encodes to the same bytes', (file) => {
    const [decoded, ...others] = decodeCommit(textOf(file), OLD_SUBJECT);
    expect(others).toEqual([]);
    if (decoded?.known !== true) throw new Error(decoded?.reason ?? 'empty commit');
    expect(encodeCommit([encodeEvent(decoded.event)])).toBe(textOf(file));
  });

  test.each(files)('%s is a valid batch for the CloudEvents SDK', (file) => {
    const message = { headers: { 'content-type': 'application/cloudevents-batch+json' }, body: textOf(file) };
    const [event] = HTTP.toEvent(message) as SdkCloudEvent<unknown>[];
    expect(event?.validate()).toBe(true);
    const [golden] = JSON.parse(textOf(file)) as Record<string, unknown>[];
    expect(JSON.parse(JSON.stringify(event))).toEqual(golden);
  });
});

describe('decoding what cannot be used', () => {
  const [sample] = JSON.parse(textOf('completed.v1.json')) as Record<string, unknown>[];

  test('reports an unknown type with its name', () => {
    const [decoded] = decodeCommit(JSON.stringify([{ ...sample, type: 'dev.millrace.run.paused.v1' }]), OLD_SUBJECT);
    expect(decoded).toEqual({ known: false, type: 'dev.millrace.run.paused.v1', reason: 'unknown event type' });
  });

  test.each(['', '{}', 'null', '[1]', '\u0000', '['.repeat(100_000), '[{"type":"__proto__"}]'])(
    'reports %j and does not throw',
    (text) => {
      const decoded = decodeCommit(text, OLD_SUBJECT);
      expect(decoded).toHaveLength(1);
      expect(decoded[0]?.known).toBe(false);
    },
  );

  test('reports a missing envelope attribute and data of the wrong shape', () => {
    expect(decodeCommit(JSON.stringify([{ ...sample, subject: '' }]), OLD_SUBJECT)[0]).toMatchObject({ known: false });
    expect(decodeCommit(JSON.stringify([{ ...sample, data: { exitCode: 'zero' } }]), OLD_SUBJECT)[0]).toMatchObject({
      known: false,
    });
  });

  test('keeps the order of known and unknown members', () => {
    const decoded = decodeCommit(JSON.stringify([sample, 7, sample]), OLD_SUBJECT);
    expect(decoded.map(({ known }) => known)).toEqual([true, false, true]);
  });
});
