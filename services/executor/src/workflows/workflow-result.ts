import { pathToFileURL } from 'node:url';
import { OUTPUT_BYTES_MAX } from '../attempts/execution.ts';
import { type WorkflowError } from './host-protocol.ts';

const MESSAGE_MAX = 8_192;
const STACK_MAX = 16_384;

export type WorkflowResult = { readonly text: string | undefined } | { readonly error: WorkflowError };

const reasonOf = (error: unknown): string => describeError(error).message.split('\n')[0] ?? '';

/** JSON text of what a handler returned; no text when it returned nothing. */
export const encodeResult = (result: unknown): WorkflowResult => {
  if (result === undefined) return { text: undefined };
  let text: string | undefined;
  try {
    text = JSON.stringify(result);
  } catch (error) {
    return { error: { code: 'output_invalid', message: `the result is no JSON: ${reasonOf(error)}` } };
  }
  // JSON.stringify says nothing at all about functions and symbols.
  if ((text as string | undefined) === undefined) {
    return { error: { code: 'output_invalid', message: `the result is no JSON: it is a ${typeof result}` } };
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > OUTPUT_BYTES_MAX) {
    const message = `the result has ${bytes} bytes as JSON; at most ${OUTPUT_BYTES_MAX} are kept`;
    return { error: { code: 'output_too_large', message } };
  }
  return { text };
};

/** What is thrown may be hostile to look at: no text of its own, getters that throw, a proxy. */
const textOf = (read: () => unknown): string => {
  try {
    return String(read());
  } catch {
    return '';
  }
};

const isError = (thrown: unknown): thrown is Error => {
  try {
    return thrown instanceof Error;
  } catch {
    return false; // a revoked proxy
  }
};

/** A mark says where a text was cut: what takes secrets out of it looks there for a part of one. */
const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

const FRAME = /^\s+at /;
/** Characters: no path is longer, and what is takes long to search. */
const FRAME_MAX = 4_096;
/** Up to the name of the file, where line and column follow it. */
const FRAME_FOLDER = /(?:file:\/\/)?\/(?:[^/()\n]*\/)*(?=[^/()\n]+:\d+:\d+)/;

const frameOf = (line: string): string =>
  line.length <= FRAME_MAX && FRAME.test(line) ? line.replace(FRAME_FOLDER, '') : line;

/** Where files lie on this server is nobody's business: a bundle's are named without its folder. */
const withoutFolder = (text: string, folder: string | undefined): string =>
  folder === undefined ? text : text.replaceAll(`${pathToFileURL(folder).href}/`, '').replaceAll(`${folder}/`, '');

interface Thrown {
  /** Default: `exception`. */
  readonly code?: WorkflowError['code'];
  /** Where the bundle lies. */
  readonly folder?: string;
}

/**
 * Message and stack of whatever was thrown, without the frames of the process around the handler and without folders of this server.
 * Never throws.
 */
export const describeError = (thrown: unknown, { code = 'exception', folder }: Thrown = {}): WorkflowError => {
  if (!isError(thrown)) {
    const text = textOf(() => thrown) || 'what was thrown cannot be shown as text';
    return { code, message: cut(withoutFolder(text, folder), MESSAGE_MAX) };
  }
  const stack = withoutFolder(
    textOf(() => thrown.stack ?? ''),
    folder,
  )
    .split('\n')
    .filter((line) => !line.includes(import.meta.dirname) && !line.includes('node:internal'))
    .map(frameOf)
    .join('\n');
  const message = withoutFolder(textOf(() => thrown.message) || textOf(() => thrown.name), folder);
  return { code, message: cut(message, MESSAGE_MAX), stack: cut(stack, STACK_MAX) };
};
