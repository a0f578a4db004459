import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { assert, expect, test } from 'vitest';

const TALKATIVE = join(import.meta.dirname, '../testing/talkative.ts');

test('a process goes on while nobody reads its lines, and they are all there once somebody does', async () => {
  const child = spawn(process.execPath, ['--conditions=@millrace/source', TALKATIVE], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  try {
    const heard: readonly unknown[] = await once(child, 'message');
    child.send('end');
    assert(child.stdout !== null);
    const lines = (await text(child.stdout)).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { n: number }).n)).toEqual(
      Array.from({ length: Number(heard[0]) }, (_, n) => n),
    );
  } finally {
    child.kill('SIGKILL');
  }
});
