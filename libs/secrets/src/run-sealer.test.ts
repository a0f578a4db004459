import { DELETED, deletedOpener, openSealed } from '@millrace/contracts';
import { completed, failed, progressed, requested, responded } from '@millrace/testkit';
import { describe, expect, test } from 'vitest';
import { makeRunKey, makeRunSealer, openEvent, sealChunk, sealEvent } from './run-sealer.ts';

const RUN = '0193a5f0-7c1e-7a3b-8f00-0123456789ab';
const CANARY = 'canary-ü-7f3a';
const sealer = makeRunSealer(RUN, makeRunKey());

const EVENTS = [
  requested({
    runId: RUN,
    input: { deep: [CANARY] },
    env: { TOKEN: CANARY },
    trigger: { id: 't', method: 'POST', path: `/run/${CANARY}`, verified: 'token' },
    cloudEvent: { specversion: '1.0', id: CANARY, source: '/s', type: 't' },
  }),
  progressed({ runId: RUN, percent: 40, message: CANARY }),
  responded({ runId: RUN, response: CANARY }),
  completed({ runId: RUN, output: { text: CANARY } }),
  failed({ runId: RUN, error: { code: 'exception', message: CANARY, stack: `at ${CANARY}` }, output: CANARY }),
];

describe('events of a run that is deleted after use', () => {
  test.each(EVENTS)('$type says nothing in the clear, and opens to what it was', (event) => {
    const sealed = sealEvent(event, sealer);
    expect(JSON.stringify(sealed)).not.toContain(CANARY);
    expect(openEvent(sealed, sealer)).toEqual(event);
  });

  test.each(EVENTS)('$type shows a mark once the key is gone', (event) => {
    const { data } = sealEvent(event, sealer);
    const shown = JSON.stringify(openSealed(RUN, data, deletedOpener));
    expect(shown).toContain(DELETED);
    expect(shown).not.toContain('$sealed');
  });

  test('digests of requests are keyed', () => {
    const idempotency = { keyHash: 'k', digest: 'd' };
    const sealed = sealEvent(requested({ runId: RUN, idempotency }), sealer).data.idempotency;
    expect(sealed).toEqual({ keyHash: 'k', digest: sealer.digest('d') });
    expect(makeRunSealer(RUN, makeRunKey()).digest('d')).not.toBe(sealed?.digest);
  });

  test('output keeps every character, lone surrogates too', () => {
    const chunk = {
      runId: RUN,
      attempt: 1,
      index: 0,
      stream: 'stdout',
      time: '',
      text: `\u0000\ud800${CANARY}`,
    } as const;
    const sealed = sealChunk(chunk, sealer);
    expect(sealed.text).not.toContain('canary');
    expect(openSealed(RUN, sealed, sealer.opener)).toEqual(chunk);
  });

  test('what was sealed for another run, or changed, does not open', () => {
    const other = makeRunSealer('0193a5f0-7c1e-7a3b-8f00-ffffffffffff', makeRunKey());
    const theirs = other.value(CANARY);
    const moved = { output: { $sealed: theirs.$sealed.replace(other.runId, RUN) } };
    expect(openSealed(RUN, moved, sealer.opener)).toEqual({ output: DELETED });
    expect(openSealed(RUN, { output: theirs }, sealer.opener)).toEqual({ output: theirs });
  });

  test('files open to their bytes, and to nothing when they were cut', () => {
    const bytes = Buffer.from([0, 255, 1]);
    expect(sealer.openBytes(sealer.bytes(bytes))).toEqual(bytes);
    expect(() => sealer.openBytes(sealer.bytes(bytes).subarray(1))).toThrow();
  });
});
