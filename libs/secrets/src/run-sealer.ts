import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import {
  DELETED,
  type OutputChunk,
  type RunError,
  type RunEvent,
  type Opener,
  openSealed,
  sealedText,
  type SealedJson,
  sealedValue,
} from '@millrace/contracts';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** A new key for one run. */
export const makeRunKey = (): Uint8Array => randomBytes(KEY_BYTES);

/** Seals and opens what belongs to one run. Whoever has it can read everything of the run. */
export interface RunSealer {
  readonly runId: string;
  readonly value: (value: unknown) => SealedJson;
  readonly text: (text: string) => string;
  readonly bytes: (bytes: Uint8Array) => Buffer;
  /** @throws Error when it is not what was sealed */
  readonly openBytes: (box: Uint8Array) => Buffer;
  /** Shows {@link DELETED} for what is not what was sealed. */
  readonly opener: Opener;
  /** Tells whether two texts are the same, to nobody without the key. */
  readonly digest: (text: string) => string;
}

/** The id of the run is authenticated: what was sealed for another run does not open. */
export const makeRunSealer = (runId: string, key: Uint8Array): RunSealer => {
  const additional = Buffer.from(runId);
  const seal = (bytes: Uint8Array): Buffer => {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(additional);
    return Buffer.concat([iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  };
  const openBytes = (box: Uint8Array): Buffer => {
    const decipher = createDecipheriv(ALGORITHM, key, box.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(additional);
    decipher.setAuthTag(box.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(box.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
  };
  const sealText = (text: string): string => seal(Buffer.from(text)).toString('base64');
  const openText = (box: string): string | undefined => {
    try {
      return openBytes(Buffer.from(box, 'base64')).toString('utf8');
    } catch {
      return undefined; // of no use any more, and nobody can say what it was
    }
  };
  return {
    runId,
    // Texts go through JSON, which keeps lone surrogates that UTF-8 has no bytes for.
    value: (value) => sealedValue(runId, sealText(JSON.stringify(value))),
    text: (text) => sealedText(runId, sealText(JSON.stringify(text))),
    bytes: seal,
    openBytes,
    opener: {
      value: (box) => {
        const text = openText(box);
        return text === undefined ? DELETED : (JSON.parse(text) as unknown);
      },
      text: (box) => {
        const text = openText(box);
        return text === undefined ? DELETED : (JSON.parse(text) as string);
      },
    },
    digest: (text) => createHmac('sha256', key).update(text).digest('hex'),
  };
};

const sealError = ({ code, message, stack }: RunError, { text }: RunSealer): RunError => ({
  code,
  message: text(message),
  ...(stack === undefined ? {} : { stack: text(stack) }),
});

type Seal = (value: never, sealer: RunSealer) => unknown;

/** How each member of an event's data that may hold something of the run is sealed. */
const MEMBERS: Readonly<Record<string, Seal>> = {
  input: (value: unknown, sealer) => sealer.value(value),
  env: (value: unknown, sealer) => sealer.value(value),
  cloudEvent: (value: unknown, sealer) => sealer.value(value),
  trigger: (trigger: { readonly path: string }, sealer) => ({ ...trigger, path: sealer.text(trigger.path) }),
  idempotency: (idempotency: { readonly digest: string }, sealer) => ({
    ...idempotency,
    digest: sealer.digest(idempotency.digest),
  }),
  output: (value: unknown, sealer) => sealer.value(value),
  response: (value: unknown, sealer) => sealer.value(value),
  error: (error: RunError, sealer) => sealError(error, sealer),
  message: (text: string, sealer) => sealer.text(text),
  reason: (text: string, sealer) => sealer.text(text),
};

/** The event as it may be recorded: nothing of what the run got or said can be read in it. */
export const sealEvent = <Event extends RunEvent>(event: Event, sealer: RunSealer): Event => {
  const data = Object.entries(event.data).map(([name, value]: [string, unknown]) => {
    const seal = Object.hasOwn(MEMBERS, name) && value !== undefined ? MEMBERS[name] : undefined;
    return [name, seal === undefined ? value : seal(value as never, sealer)];
  });
  return { ...event, data: Object.fromEntries(data) as Event['data'] };
};

export const sealChunk = (chunk: OutputChunk, { text }: RunSealer): OutputChunk => ({
  ...chunk,
  text: text(chunk.text),
});

/** Undoes {@link sealEvent}, but for digests. */
export const openEvent = <Event extends RunEvent>(event: Event, { runId, opener }: RunSealer): Event => ({
  ...event,
  data: openSealed(runId, event.data, opener),
});
