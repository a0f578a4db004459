import { extname } from 'node:path';

const SHEBANG_BYTES_MAX = 255;
const NODE_EXTENSIONS: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts']);

/**
 * How a script is started. A shebang decides, and the kernel reads it; else the extension.
 * Without either the file is started as it is and the kernel says what is wrong with it.
 *
 * @param head The first bytes of the file.
 */
export const argvOf = (path: string, head: Uint8Array): readonly [string, ...string[]] => {
  const extension = extname(path);
  // Scripts in JavaScript are bundled for this Node; a shebang would pick whatever `node` is on the PATH.
  if (NODE_EXTENSIONS.has(extension)) return [process.execPath, path];
  if (Buffer.from(head.subarray(0, SHEBANG_BYTES_MAX)).toString('latin1').startsWith('#!')) return [path];
  if (extension === '.sh') return ['/bin/sh', path];
  if (extension === '.bash') return ['/bin/bash', path];
  if (extension === '.py') return ['/usr/bin/env', 'python3', path];
  return [path];
};
