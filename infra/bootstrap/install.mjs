import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const NODE_MAJOR = 24;
const NODE = join(ROOT, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const LOCK = join(ROOT, '.millrace', 'install.lock');

/** Node 24 and the tools of this repository before whatever else is on PATH. */
export const toolPath = (path = '') => [dirname(NODE), join(ROOT, 'node_modules', '.bin'), path].join(delimiter);

const readPackages = (path) => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
};

/**
 * Whether what npm wrote down about `node_modules` at the end of its last install is what package-lock.json asks for.
 * An install that was interrupted has written nothing down.
 */
const isInstalled = () => {
  const wanted = readPackages(join(ROOT, 'package-lock.json'));
  const present = readPackages(join(ROOT, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || present === undefined || systemNode() === undefined) return false;
  const isSame = (path) => {
    const [want, have] = [wanted[path], present[path]];
    if (have === undefined) return want.optional === true || want.peer === true || want.devOptional === true;
    return want.version === have.version && want.integrity === have.integrity && want.link === have.link;
  };
  const isExpected = (path) => path in wanted && existsSync(join(ROOT, path));
  return (
    Object.keys(wanted)
      .filter((path) => path !== '')
      .every(isSame) && Object.keys(present).every(isExpected)
  );
};

/** The Node that came with the install; our own where its install script was not allowed to run, when new enough. */
const systemNode = () => {
  if (existsSync(NODE)) return NODE;
  return Number(process.versions.node.split('.')[0]) >= NODE_MAJOR ? process.execPath : undefined;
};

/** npm as it called us, so that the same one is used; else the one on PATH. */
const npmCommand = () => {
  const script = process.env.npm_execpath ?? '';
  if (/npm-cli\.c?js$/.test(script)) return [process.execPath, [script]];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
};

const npmCi = () =>
  new Promise((resolve, reject) => {
    const [command, first] = npmCommand();
    // Development dependencies bring Node 24 and TypeScript, whatever NODE_ENV says.
    const args = [...first, 'ci', '--include=dev', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => (output = (output + chunk).slice(-8192)));
    }
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(output.trim() || `npm ended with ${code}`))));
  });

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Left behind by somebody who is gone; one that names nobody yet is being written. */
const isStale = () => {
  try {
    const holder = Number(readFileSync(LOCK, 'utf8'));
    return holder > 0 ? !isAlive(holder) : Date.now() - statSync(LOCK).mtimeMs > 5_000;
  } catch {
    return false;
  }
};

const acquireLock = async () => {
  mkdirSync(dirname(LOCK), { recursive: true, mode: 0o700 });
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isStale()) rmSync(LOCK, { force: true });
    await delay(200);
  }
};

/** One install at a time: `npm start` and `npm test` may begin together on a fresh clone. */
const withLock = async (work) => {
  await acquireLock();
  try {
    await work();
  } finally {
    rmSync(LOCK, { force: true });
  }
};

/** Installs when package-lock.json is not what is installed; returns the path of Node 24. */
export const ensureInstalled = async () => {
  if (!isInstalled()) {
    await withLock(async () => {
      if (isInstalled()) return;
      const started = Date.now();
      console.log('Installing dependencies (npm ci), once and whenever package-lock.json changes …');
      await npmCi();
      console.log(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
    }).catch((error) => {
      console.error(`npm ci failed:\n${error.message}`);
      process.exit(1);
    });
  }
  const node = systemNode();
  if (node !== undefined) return node;
  console.error(
    `Node ${NODE_MAJOR} is missing: npm did not run the install script of the package "node".\n` +
      'Run "npm rebuild node --ignore-scripts=false", or use Node 24 yourself.',
  );
  return process.exit(1);
};
