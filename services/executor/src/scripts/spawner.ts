/**
 * Entry point of a spawner: a Node process that is kept small, because starting a process costs in proportion to the size
 * of the one that starts it. It knows nothing of events, time-outs or limits; it starts scripts, reads what they write and
 * kills them when it is told to, when its executor is gone, or when the executor's lease runs out.
 */
import { makeLineSender, makeLineSplitter } from '../lines.ts';
import { makeFifos } from './fifos.ts';
import { makeRunDirectories } from './run-directories.ts';
import { type ScriptProcess, startFailed, startScript } from './script-process.ts';
import { type FromSpawner, type StartScript, type ToSpawner } from './spawner-protocol.ts';

const directory = process.argv[2] ?? process.cwd();
const running = new Map<string, ScriptProcess>();
const fifos = makeFifos(directory);
const directories = makeRunDirectories(directory);
const send: (message: FromSpawner) => void = makeLineSender((text) => process.stdout.write(text));
const owners = new Map<string, number | undefined>();
const leases = new Map<number | undefined, NodeJS.Timeout>();

const killAll = (): void => {
  for (const script of running.values()) script.signal('SIGKILL');
};

const killOf = (owner: number | undefined): void => {
  for (const [id, script] of running) if (owners.get(id) === owner) script.signal('SIGKILL');
};

const forget = (id: string): void => {
  running.delete(id);
  owners.delete(id);
};

const start = (request: StartScript): void => {
  try {
    running.set(request.id, startScript(request, { fifos, directories, send, onGone: () => forget(request.id) }));
    if (request.owner !== undefined) owners.set(request.id, request.owner);
  } catch (error) {
    send(startFailed(request.id, error));
  }
};

const handle = (message: ToSpawner): void => {
  switch (message.type) {
    case 'start':
      start(message);
      return;
    case 'signal':
      running.get(message.id)?.signal(message.signal);
      return;
    case 'lease':
      clearTimeout(leases.get(message.owner));
      leases.set(
        message.owner,
        setTimeout(() => killOf(message.owner), message.ms),
      );
  }
};

const onText = makeLineSplitter((line) => handle(JSON.parse(line) as ToSpawner));
const leave = (): void => {
  killAll();
  process.exit(0);
};
process.stdin.setEncoding('utf8');
process.stdin.on('data', onText);
process.stdin.on('close', leave);
// Nobody reads any more: the executor is gone, whatever stdin says.
process.stdout.on('error', leave);
// Ctrl-C reaches the whole foreground group; how to end is the executor's decision.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
