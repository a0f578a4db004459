import { fileOf } from '../checker/observations.ts';

/** Milliseconds that a run of these takes, besides what it costs to start it. */
const RUN_MS = 20;

/** Every kind of workflow says what it does in the file of the witnesses: as its first act, and as its last. */
export const witnessWorkflows = (folder: string, runMs: number = RUN_MS): Readonly<Record<string, string>> => {
  const witness = fileOf(folder, 'witness');
  const script = (rest: string): string => `#!/bin/sh
say() {
  printf '{"what":"%s","run":"%s","attempt":%s,"pid":%s,"at":%s}\\n' "$1" "$MILLRACE_RUN_ID" "$MILLRACE_ATTEMPT" $$ "$(date +%s%3N)" >> '${witness}'
}
say start
${rest}
say end
`;
  return {
    'witness/script.sh': script(`sleep ${runMs / 1_000}`),
    'witness/long.sh': script('sleep 30'),
    'witness/picky.sh': script('sleep 0.1'),
    'witness/picky.yaml': 'concurrency: 2\non_limit: reject\n',
    'witness/module.ts': `import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineWorkflow } from '@millrace/sdk';

export default defineWorkflow({}, async ({ run }) => {
  const say = (what: string): void =>
    appendFileSync('${witness}', \`\${JSON.stringify({ what, run: run.id, attempt: run.attempt, pid: process.pid, at: Date.now() })}\\n\`);
  say('start');
  await sleep(${runMs});
  say('end');
  return { done: true };
});
`,
  };
};
