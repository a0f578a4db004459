import { type RunEvent } from '@millrace/contracts';
import { eventually } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Driver, names, startDriver } from '../testing/scheduler-driver.ts';

const VALUE = 'correct-horse/battery+staple';
const OLD = 'old-horse-of-the-battery';
const JSON_VALUE = '{"user":"me",\n "password":"hunter2-hunter2"}';

let driver: Driver;
beforeAll(async () => {
  driver = await startDriver();
  await driver.setSecret('API_KEY', { value: OLD });
  await driver.setSecret('API_KEY', { value: VALUE, add: true });
  await driver.setSecret('ACCOUNT', { value: JSON_VALUE });
  await driver.setSecret('PAYMENTS', { value: 'only-for-payments', workflows: ['pay/*'] });
});
afterAll(() => driver.close());

type Overrides = Parameters<Driver['dispatch']>[0];

const script = async (
  text: string,
  secrets: readonly string[] = ['API_KEY'],
  more: Overrides = {},
): Promise<string> => {
  const version = await driver.deploy('script', `#!/bin/bash\n${text}`, { secrets });
  return (await driver.dispatch({ version, ...more })).subject;
};
const workflow = async (handler: string, secrets: readonly string[] = ['API_KEY']): Promise<string> => {
  const bundle = `export default { [Symbol.for('millrace.workflow')]: { definition: {}, handler: ${handler} } };`;
  const version = await driver.deploy('workflow.mjs', bundle, { secrets });
  return (await driver.dispatch({ version, kind: 'workflow' })).subject;
};
const errorOf = async (runId: string): Promise<unknown> => {
  const { data } = (await driver.ending(runId)) as RunEvent & { data: { error: unknown } };
  return data.error;
};
/** All that was recorded of a run once it is over, as text. */
const recorded = async (runId: string): Promise<string> => {
  await driver.ending(runId);
  await eventually(() => expect(driver.textOf(runId)).toContain('end\n'));
  return JSON.stringify([driver.eventsOf(runId), driver.textOf(runId)]);
};

const FORMS = [VALUE, OLD, encodeURIComponent(VALUE), Buffer.from(VALUE).toString('base64'), 'hunter2-hunter2'];

describe('a script', () => {
  test('gets the newest value of the secrets it declares, whatever the caller says, and no others', async () => {
    const runId = await script(
      '[ "$API_KEY" = "$EXPECTED" ] && [ -z "${ACCOUNT+set}" ] && [ "$LANG" = C.UTF-8 ]\n',
      ['API_KEY'],
      { env: { API_KEY: 'forged', EXPECTED: VALUE.slice(0, 7) + VALUE.slice(7) } },
    );
    expect(names(driver.eventsOf((await driver.ending(runId)).subject))).toEqual(['started', 'completed']);
  });

  test('shows a value in nothing that is recorded', async () => {
    const runId = await script(
      `
echo "plain $API_KEY and $ACCOUNT"; echo "to stderr $API_KEY" >&2
for (( i = 0; i < \${#API_KEY}; i++ )); do printf '%s' "\${API_KEY:i:1}"; sleep 0.01; done; echo
printf '%s' "$API_KEY" | base64 -w0; echo
printf 'user:%s' "$API_KEY" | base64 -w0; echo
echo "::progress 10 with $API_KEY"
printf '{"%s":["%s", {"a": "x%sy"}]}' "$API_KEY" "$API_KEY" "$API_KEY" > "$MILLRACE_OUTPUT"
echo end; echo "failed with $API_KEY" >&2; exit 3
`,
      ['API_KEY', 'ACCOUNT'],
    );
    const text = await recorded(runId);
    for (const form of FORMS) expect(text).not.toContain(form);
    expect(text).not.toContain(Buffer.from(`user:${VALUE}`).toString('base64').slice(8, 30));
    const progress = driver.eventsOf(runId).find(({ type }) => type === 'dev.millrace.run.progressed.v1');
    expect(progress?.data).toEqual({ percent: 10, message: 'with ***' });
    expect((await driver.ending(runId)).data).toMatchObject({
      exitCode: 3,
      output: { '***': ['***', { a: 'x***y' }] },
      error: { message: 'exit code 3: failed with ***' },
    });
  });

  test('shows no part of a value that its last line was cut in', async () => {
    await driver.setSecret('LONG', { value: `begin-${'0123456789'.repeat(60)}-end` });
    const runId = await script('printf "%s end\\n" "$LONG" >&2; exit 1\n', ['LONG']);
    expect(await errorOf(runId)).toMatchObject({ message: 'exit code 1: …*** end' });
    expect(await recorded(runId)).not.toContain('0123456789');
  });

  test('shows no part of a value that was still to come when it ended', async () => {
    const runId = await script(`echo end; printf '%s' "\${API_KEY:0:20}"\n`);
    expect(await recorded(runId)).not.toContain(VALUE.slice(0, 8));
  });
});

describe('a TypeScript workflow', () => {
  test('reads the secrets it declares', async () => {
    const runId = await workflow(
      `({ secrets }) => [secrets.get('API_KEY').length, secrets.all('API_KEY').map((value) => value.slice(0, 3))]`,
    );
    expect((await driver.ending(runId)).data).toEqual({ output: [VALUE.length, ['cor', 'old']] });
  });

  test.each(['ACCOUNT', 'toString', '__proto__'])('is told to declare %s', async (name) => {
    expect(await errorOf(await workflow(`({ secrets }) => secrets.get('${name}')`))).toMatchObject({
      code: 'exception',
      message: `the workflow does not declare the secret ${name}: add it to secrets in its definition`,
    });
  });

  test('shows a value in nothing that is recorded, and in no error', async () => {
    const runId = await workflow(`async ({ secrets, log, progress }) => {
      const value = secrets.get('API_KEY');
      console.log(value, { value }); console.error(encodeURIComponent(value)); log.info(value, { [value]: value });
      progress(5, value); process.stdout.write(value.slice(0, 9)); process.stdout.write(value.slice(9) + '\\nend\\n');
      throw Object.assign(new Error('no ' + value), { stack: 'Error: no ' + value + '\\n    at ' + value });
    }`);
    const text = await recorded(runId);
    for (const form of FORMS) expect(text).not.toContain(form);
    expect(await errorOf(runId)).toEqual({ code: 'exception', message: 'no ***', stack: 'Error: no ***\n    at ***' });
  });

  test('shows a value in no result', async () => {
    const runId = await workflow(`({ secrets }) => ({ [secrets.get('API_KEY')]: secrets.all('API_KEY') })`);
    expect((await driver.ending(runId)).data).toEqual({ output: { '***': ['***', '***'] } });
  });
});

describe('a run', () => {
  test.each([
    ['secret_missing', 'NOT_THERE', 'there is no secret NOT_THERE: set it with millrace secret set NOT_THERE'],
    ['secret_denied', 'PAYMENTS', 'tests/example may not read the secret PAYMENTS'],
  ])('fails with %s when it cannot have one', async (code, name, message) => {
    const runId = await script('true\n', ['API_KEY', name]);
    expect(await errorOf(runId)).toEqual({ code, message });
    expect(names(driver.eventsOf(runId))).toEqual(['failed']);
  });

  test('may read what was set for workflows like it', async () => {
    const runId = await script('[ "$PAYMENTS" = only-for-payments ]\n', ['PAYMENTS'], { workflow: 'pay/out' });
    expect((await driver.ending(runId)).type).toBe('dev.millrace.run.completed.v1');
  });

  test('gets a value within a second of its change', async () => {
    await driver.setSecret('CHANGING', { value: 'the-first-one' });
    await eventually(async () => {
      const runId = await script('[ "$CHANGING" = the-first-one ]\n', ['CHANGING']);
      expect((await driver.ending(runId)).type).toBe('dev.millrace.run.completed.v1');
    });
    await driver.setSecret('CHANGING', { value: 'the-second-one' });
    await eventually(
      async () => {
        const runId = await script('[ "$CHANGING" = the-second-one ]\n', ['CHANGING']);
        expect((await driver.ending(runId)).type).toBe('dev.millrace.run.completed.v1');
      },
      { timeoutMs: 1_000 },
    );
  });
});

test('an executor without the key runs what needs no secret, and names the secret it cannot open', async () => {
  const stranger = await driver.startExecutor({ MILLRACE_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') });
  try {
    await eventually(() => expect(new Set(driver.heartbeats.map(({ executor }) => executor)).size).toBe(2));
    await eventually(async () => {
      expect(await errorOf(await script('true\n'))).toMatchObject({ code: 'secret_sealed' });
    });
    const plain = await driver.ending(await script('true\n', []));
    expect(plain.type).toBe('dev.millrace.run.completed.v1');
  } finally {
    await stranger.stop();
  }
});
