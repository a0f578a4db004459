import { expect, test } from 'vitest';
import { outcomeOfFailedStart } from './script-outcome.ts';
import { startFailed } from './script-process.ts';

const failing = (code: string): Error => Object.assign(new Error(`${code}: write`), { code });

test.each(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'])(
  'a script that cannot begin for %s is lost, through no fault of its run',
  (code) => {
    const reason = `it could not begin: ${code}: write`;
    expect(outcomeOfFailedStart(startFailed('1', failing(code)))).toEqual({
      kind: 'lost',
      reason,
      counted: false,
      isHindered: true,
    });
  },
);

test.each(['ENOENT', 'EACCES', 'E2BIG', 'ENOEXEC'])('one that cannot begin for %s has failed', (code) => {
  const error = { code: 'start_failed', message: `${code}: write` };
  expect(outcomeOfFailedStart(startFailed('1', failing(code)))).toEqual({ kind: 'failed', error });
});
