import { expect, test } from 'vitest';
import { argvOf } from './interpreter.ts';

test.each([
  ['/b/x.sh', '#!/bin/bash\n', ['/b/x.sh']],
  ['/b/x.sh', 'echo\n', ['/bin/sh', '/b/x.sh']],
  ['/b/x.py', 'print()\n', ['/usr/bin/env', 'python3', '/b/x.py']],
  ['/b/x.mjs', '#!/usr/bin/env node\n', [process.execPath, '/b/x.mjs']],
  ['/b/x', '#!/usr/bin/perl\n', ['/b/x']],
  ['/b/x', 'no shebang', ['/b/x']],
])('%s beginning with %j is started by %j', (path, head, argv) => {
  expect(argvOf(path, Buffer.from(head))).toEqual(argv);
});
