import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type TestPlatform } from '@millrace/testkit';

/** Both kinds of workflow write `<run id> <attempt>` to the witness file as their first act: what really ran, told by itself. */
export const WITNESS_WORKFLOWS = {
  'witness/script.sh':
    '#!/bin/sh\nprintf \'%s %s\\n\' "$MILLRACE_RUN_ID" "$MILLRACE_ATTEMPT" >> "$WITNESS"\nsleep 0.02\n',
  'witness/module.ts': `import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineWorkflow } from '@millrace/sdk';

export default defineWorkflow<{ witness: string }>({}, async ({ input, run }) => {
  appendFileSync(input.witness, \`\${run.id} \${run.attempt}\\n\`);
  await sleep(20);
  return { done: true };
});
`,
} as const;

const RETRY_MS = 50;
const GIVE_UP_MS = 60_000;

export interface Acknowledged {
  readonly runId: string;
  readonly key: string;
}

/** One request, repeated under its key until it is acknowledged: as a client that means it does. */
const request = async ({ url, token }: TestPlatform, path: string, body: unknown): Promise<Acknowledged> => {
  const key = randomUUID();
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    try {
      const response = await fetch(`${url}/run/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'x-workflow-client': 'faults', 'idempotency-key': key },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(5_000),
      });
      const text = await response.text();
      if (response.status === 202) return { runId: (JSON.parse(text) as { run_id: string }).run_id, key };
      if (response.status < 500) throw new Error(`unexpected answer ${response.status}: ${text}`);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('unexpected')) throw error;
    }
    if (performance.now() > deadline) throw new Error(`${path} was not acknowledged within ${GIVE_UP_MS} ms`);
    await delay(RETRY_MS);
  }
};

export interface Workload {
  readonly runs: number;
  readonly clients: number;
  readonly witness: string;
  /** Called after each acknowledgement with how many there are. */
  readonly onAcknowledged?: (count: number) => void;
}

/** Sends all runs from so many clients at once; gives what was acknowledged. */
export const sendRuns = async (
  platform: TestPlatform,
  { runs, clients, witness, onAcknowledged }: Workload,
): Promise<readonly Acknowledged[]> => {
  const acknowledged: Acknowledged[] = [];
  let sent = 0;
  const client = async (): Promise<void> => {
    while (sent < runs) {
      sent += 1;
      const isScript = sent % 2 === 0;
      const answer = isScript
        ? await request(platform, 'witness/script', { env: { WITNESS: witness } })
        : await request(platform, 'witness/module', { input: { witness } });
      acknowledged.push(answer);
      onAcknowledged?.(acknowledged.length);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return acknowledged;
};
