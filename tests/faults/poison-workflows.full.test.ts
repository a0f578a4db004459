/** F24, F26: workflows that misbehave, and one that floods. Only their own runs pay for it. */
import { readdirSync, readFileSync } from 'node:fs';
import { eventually } from '@millrace/testkit';
import { afterEach, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { readPublicEvents } from './bed/subscriber.ts';

const LIMIT = 4;
const MARKER = `millrace-brood-${process.pid}`;
const TIMED = 'timeout: 3s\nretries:\n  lost: 0\n';
const module_ = (body: string): string =>
  `import { defineWorkflow } from '@millrace/sdk';\nexport default defineWorkflow({}, async () => {\n${body}\n});\n`;

/** What each does, and how its runs may end. */
const POISON: Readonly<Record<string, readonly [file: string, text: string, ends: readonly string[]]>> = {
  'throws at load': ['throws.ts', `${module_('return 1;')}throw new Error('at load');\n`, ['failed']],
  'never yields': ['endless.ts', module_('for (;;);'), ['timed_out', 'failed']],
  'takes all memory': [
    'hungry.ts',
    module_('const held: unknown[] = []; for (;;) held.push(new Array(1e6).fill(held.length));'),
    ['failed', 'timed_out'],
  ],
  'prints without end': [
    'loud.sh',
    '#!/bin/sh\nyes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | head -c 300000000\n',
    ['completed', 'timed_out'],
  ],
  'has a brood of 200': [
    'brood.sh',
    `#!/bin/sh\ni=0; while [ $i -lt 200 ]; do sh -c 'sleep 300; : ${MARKER}' & i=$((i+1)); done\nwait\n`,
    ['timed_out'],
  ],
  'ignores SIGTERM': ['deaf.sh', `#!/bin/sh\ntrap '' TERM\nwhile true; do sleep 1; done\n`, ['timed_out']],
  'ends without a result': ['empty.sh', '#!/bin/sh\nexit 0\n', ['completed']],
  'kills its parent': ['patricide.sh', '#!/bin/sh\nkill -9 $PPID\nsleep 1\n', ['completed', 'failed']],
};

let bed: FaultBed;
afterEach(() => bed.stop());

const workflowsOf = (): Readonly<Record<string, string>> => {
  const files: Record<string, string> = {};
  for (const [file, text] of Object.values(POISON)) {
    files[`poison/${file}`] = text;
    // A module says its time limit itself; the file beside a script says the script's.
    if (file.endsWith('.sh')) files[`poison/${file.replace('.sh', '.yaml')}`] = TIMED;
    else
      files[`poison/${file}`] = text.replace(
        'defineWorkflow({}',
        `defineWorkflow({ timeout: '3s', retries: { lost: 0 } }`,
      );
  }
  return files;
};

const brood = (): number =>
  readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(MARKER) &&
        Number(pid) !== process.pid
      );
    } catch {
      return false;
    }
  }).length;

test('F24: each kind of poison ends its own run and no other, and leaves no process behind', async () => {
  bed = await startFaultBed({
    experiment: { limit: LIMIT },
    env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) },
    workflows: workflowsOf(),
  });
  const { platform, client } = bed;
  const pid = platform.pid('executor');
  const started = new Map<string, string>();
  for (const [name, [file]] of Object.entries(POISON)) {
    const { status, json } = await platform.http.post(`/run/poison/${file.replace(/\.\w+$/, '')}`, { body: {} });
    // A module that throws at load is refused when it is deployed: then there is nothing to run.
    if (status === 202) started.set(name, (json as { run_id: string }).run_id);
    else expect([name, status]).toEqual(['throws at load', 409]);
  }
  const others = await Promise.all(Array.from({ length: 40 }, () => client.start('witness/script')));
  await bed.untilOver([...started.values(), ...others], 120_000);
  const ends: Record<string, string> = {};
  for (const [name, id] of started)
    ends[name] = ((await platform.http.get(`/status/${id}`)).json as { state: string }).state;
  for (const [name, state] of Object.entries(ends))
    expect([name, POISON[name]?.[2].includes(state)]).toEqual([name, true]);
  await eventually(() => expect(brood()).toBe(0));
  expect(platform.pid('executor')).toBe(pid);
  await bed.conclude({ row: 'F24', ends });
});

const FLOOD = 400;

test('F26: whoever asks once does not wait behind one that asked 400 times', async () => {
  bed = await startFaultBed({
    experiment: { limit: LIMIT },
    env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) },
    runMs: 100,
  });
  const { client, platform } = bed;
  await Promise.all(Array.from({ length: FLOOD }, () => client.start('witness/script')));
  const quiet: string[] = [];
  for (let count = 0; count < 5; count += 1) quiet.push(await client.start('witness/module', { wait: 20 }));
  const events = await readPublicEvents(platform.natsUrl);
  /** Dispatches of others between the request of a run and its own. */
  const overtakenBy = quiet.map((id) => {
    const [asked, given] = ['requested', 'dispatched'].map((wanted) =>
      events.findIndex(({ name, runId }) => name === wanted && runId === id),
    );
    return events.slice(asked, given).filter(({ name }) => name === 'dispatched').length;
  });
  // Turn and turn about: at most those that were on their way already, whatever waits.
  expect(Math.max(...overtakenBy)).toBeLessThanOrEqual(4 * LIMIT);
  await bed.conclude({ row: 'F26', flood: FLOOD, overtakenBy });
});
