/** What the product promises, as on its first page. */
export const PROMISES = {
  C1: 'A 2xx with a run id means on disk: none is lost when any or all processes are killed, none in a power cut under `strict`',
  C2: 'One idempotency key, one run, for as long as the log keeps the request; another body is answered 409 with the first run',
  C3: 'Each run ends in exactly one state; a late result of an attempt that was given up changes nothing',
  C4: 'Steps run at least once, each attempt of a run once; recorded results are used once',
  C5: 'Limits are never exceeded, counted on live processes',
  C6: 'Every reader sees the events of a run in the same order; a stream resumes without gap or repeat',
  C7: 'Webhooks come at least once under one id and with one body; a dead endpoint delays no other',
  C8: 'Overload is answered 429 or 503 with `Retry-After`; what was accepted finishes',
  C9: 'The read model can be dropped and rebuilt from the log to the same rows',
  C10: 'No secret appears in logs, traces, events, stored queries, errors or the console',
} as const;

export type Promised = keyof typeof PROMISES;

/** Promises that tests outside of this folder show. */
export const SHOWN_ELSEWHERE: Readonly<Partial<Record<Promised, readonly string[]>>> = {
  C2: ['services/gateway/src/serve.int.test.ts'],
  C3: ['libs/domain/src/run/run.test.ts'],
  C5: ['tests/e2e/limits.test.ts'],
  C6: ['tests/e2e/event-source.test.ts'],
  C7: ['services/notifier/src/restart.int.test.ts'],
  C10: ['tests/attacks/canaries.test.ts'],
};
