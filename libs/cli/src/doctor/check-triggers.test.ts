import { type MillraceClient, type Trigger } from '@millrace/client';
import { expect, test } from 'vitest';
import { checkTriggers } from './check-triggers.ts';

const trigger = (overrides: Partial<Trigger>): Trigger => ({
  workflow: 'team/mine',
  id: 'hook',
  dialect: 'hooks',
  address: { path: '/mine' },
  methods: ['POST'],
  auth: 'token',
  mode: 'async',
  state: 'enabled',
  secrets: [],
  missing_secrets: [],
  short_key: false,
  ...overrides,
});

const findingsFor = (list: () => Promise<readonly Trigger[]>) =>
  checkTriggers({ triggers: { list } } as unknown as MillraceClient);

test.each<[string, Partial<Trigger>, string]>([
  ['A25: one that anybody may call', { auth: 'public' }, 'is public'],
  ['A26: one with a key that can be guessed', { auth: 'path_key', short_key: true }, 'has a key that can be guessed'],
  ['A8: one whose secret nobody has set', { auth: 'signature', missing_secrets: ['KEY'] }, 'needs the secret KEY'],
])('%s is a warning that names it', async (_name, overrides, words) => {
  const findings = await findingsFor(async () => [trigger({}), trigger(overrides)]);
  expect(findings).toMatchObject([{ level: 'WARN', detail: expect.stringContaining(`team/mine#hook ${words}`) }]);
});

test('A25: none is none, and one that is switched off calls nobody', async () => {
  const findings = await findingsFor(async () => [trigger({}), trigger({ auth: 'public', state: 'disabled' })]);
  expect(findings).toMatchObject([{ level: 'OK' }]);
});
