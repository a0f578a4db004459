/**
 * What a power cut leaves of a folder, from the system calls of the only program that wrote to it.
 *
 * D1 Bytes are durable when an fsync of their file began after they were written, and returned. So are those written through O_SYNC.
 * D2 A name is durable when an fsync of its file, or of its folder, began after the name was given, and returned; the folders above it are then
 *    durable too. POSIX asks for the folder; ext4, XFS and btrfs write the name of a new file with the file.
 * D3 A name that was taken away or given to another file leads to what it led to before, until D2 holds for the change.
 * D4 Nothing else is durable. A real disk keeps more of it, never less.
 */
import { dirname } from 'node:path';
import { readTracedCalls, type TracedCall } from './traced-calls.ts';
import { TracedFile } from './traced-file.ts';

interface Handle {
  readonly path: string;
  /** `undefined`: a folder. */
  readonly file: TracedFile | undefined;
  readonly isSynchronous: boolean;
  readonly isAppending: boolean;
  position: number;
}

type Files = ReadonlyMap<string, Buffer>;

const KINDS: readonly (readonly [RegExp, 'open' | 'rename' | 'unlink' | 'sync'])[] = [
  [/^(open|openat|creat)$/, 'open'],
  [/^rename/, 'rename'],
  [/^unlink/, 'unlink'],
  [/sync$/, 'sync'],
];

const kindOf = (name: string): 'open' | 'rename' | 'unlink' | 'sync' | 'change' =>
  KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? 'change';

/** @param call One that succeeded, on the file behind the handle. */
const changeFile = (handle: Handle, file: TracedFile, call: TracedCall & { readonly result: number }): void => {
  const { name, strings, numbers, result } = call;
  const bytes = (strings[0] ?? Buffer.alloc(0)).subarray(0, result);
  const last = Number(/(\d+)\)\s+=/.exec(numbers)?.[1]);
  if (name === 'lseek') handle.position = result;
  else if (name === 'ftruncate') file.truncate(last);
  else if (name === 'pwrite64') file.write(last, bytes);
  else if (name === 'write') {
    const position = handle.isAppending ? file.length : handle.position;
    file.write(position, bytes);
    handle.position = position + result;
  }
};

class TracedStore {
  readonly #root: string;
  readonly #live = new Map<string, TracedFile>();
  readonly #durable = new Map<string, TracedFile>();
  readonly #handles = new Map<number, Handle>();
  /** What each thread's sync will have made durable when it returns. */
  readonly #syncing = new Map<string, () => void>();

  constructor(root: string) {
    this.#root = `${root}/`;
  }

  begin(call: TracedCall): void {
    const handle = this.#handleOf(call);
    // Another thread may get the same number before the end of this call is seen.
    if (call.name === 'close') this.#handles.delete(Number.parseInt(call.numbers));
    if (handle !== undefined && kindOf(call.name) === 'sync') {
      this.#syncing.set(call.thread, this.#sync(handle));
    }
  }

  end(call: TracedCall): void {
    const { name, result = -1, thread, strings } = call;
    if (result < 0) return;
    const path = (index: number): string => String(strings[index] ?? '');
    switch (kindOf(name)) {
      case 'open':
        this.#open(path(0), call.numbers, result);
        return;
      case 'rename':
        this.#rename(path(0), path(1));
        return;
      case 'unlink':
        this.#live.delete(path(0));
        return;
      case 'sync':
        this.#syncing.get(thread)?.();
        this.#syncing.delete(thread);
        return;
      case 'change':
        this.#change(call, result);
    }
  }

  files(which: 'live' | 'durable'): Files {
    const names = which === 'live' ? this.#live : this.#durable;
    return new Map([...names].map(([path, file]) => [path.slice(this.#root.length), file.bytes(which)]));
  }

  #handleOf({ numbers }: TracedCall): Handle | undefined {
    return this.#handles.get(Number.parseInt(numbers));
  }

  #open(path: string, flags: string, descriptor: number): void {
    if (!path.startsWith(this.#root)) return;
    if (flags.includes('O_CREAT') && !this.#live.has(path)) this.#live.set(path, new TracedFile());
    const file = this.#live.get(path);
    if (flags.includes('O_TRUNC')) file?.truncate(0);
    this.#handles.set(descriptor, {
      path,
      file,
      isSynchronous: /O_D?SYNC/.test(flags),
      isAppending: flags.includes('O_APPEND'),
      position: 0,
    });
  }

  #change(call: TracedCall, result: number): void {
    const handle = this.#handleOf(call);
    if (handle?.file === undefined) return;
    changeFile(handle, handle.file, { ...call, result });
    if (handle.isSynchronous) this.#sync(handle)();
  }

  /** Looks at what there is now; called when the sync returns. */
  #sync({ path, file }: Handle): () => void {
    if (file === undefined) return this.#syncFolder(path);
    const changes = file.changes();
    const names = [...this.#live].flatMap(([name, other]) => (other === file ? [name] : []));
    return () => {
      file.sync(changes);
      for (const [name, other] of this.#durable) if (other === file && names.length > 0) this.#durable.delete(name);
      for (const name of names) this.#durable.set(name, file);
    };
  }

  #syncFolder(folder: string): () => void {
    const entries = [...this.#live].filter(([name]) => dirname(name) === folder);
    return () => {
      for (const name of this.#durable.keys()) if (dirname(name) === folder) this.#durable.delete(name);
      for (const [name, file] of entries) this.#durable.set(name, file);
    };
  }

  /** Of a file, or of a folder with everything in it. */
  #rename(from: string, to: string): void {
    for (const [name, file] of [...this.#live]) {
      if (name !== from && !name.startsWith(`${from}/`)) continue;
      this.#live.delete(name);
      this.#live.set(`${to}${name.slice(from.length)}`, file);
    }
  }
}

/** The files below `root`, by path relative to it, that were empty when the trace began: as programs see them, or as a power cut leaves them. */
export const filesOfTrace = (trace: string, root: string, which: 'live' | 'durable'): Files => {
  const store = new TracedStore(root);
  readTracedCalls(trace, { onBegin: (call) => store.begin(call), onEnd: (call) => store.end(call) });
  return store.files(which);
};
